import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { onEveryEndpoint } from './endpoint.ts';

/**
 * dockerode and testcontainers are not among our dependencies (docs/decisions/014-npm-clients.md): the directory in which they have been
 * installed is named by STRATA_TEST_NPM_CLIENTS.
 */
const modules = process.env['STRATA_TEST_NPM_CLIENTS'] ?? '';
const session = (name: string): string => fileURLToPath(new URL(`npm-sessions/${name}.mjs`, import.meta.url));

onEveryEndpoint('clients from npm', (endpoint) => {
  for (const name of ['dockerode', 'testcontainers']) {
    test(`${name}: a session`, { skip: existsSync(join(modules, 'node_modules', name)) ? false : `skipped: STRATA_TEST_NPM_CLIENTS names no directory with ${name}`, timeout: 120_000 }, async () => {
      const { socketPath } = endpoint().api;
      const { stdout } = await exec(process.execPath, [session(name), socketPath, join(modules, 'index.js')], {
        timeoutMs: 110_000,
        // The reaper is an image from Docker Hub and would have to mount the engine's socket.
        env: { ...process.env, DOCKER_HOST: `unix://${socketPath}`, TESTCONTAINERS_RYUK_DISABLED: 'true' },
      });
      assert.match(stdout, /session complete\n$/);
    });
  }
});
