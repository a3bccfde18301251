import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { onEveryEndpoint } from './endpoint.ts';

/**
 * dockerode, testcontainers and @devcontainers/cli are not among our dependencies (docs/decisions/014-npm-clients.md): the directory in which they have been
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

  const program = join(modules, 'node_modules/@devcontainers/cli/devcontainer.js');
  test('@devcontainers/cli: up and exec', { skip: modules !== '' && existsSync(program) ? false : 'skipped: STRATA_TEST_NPM_CLIENTS names no directory with @devcontainers/cli', timeout: 120_000 }, async () => {
    await using scratch = await Scratch.create('dev');
    await mkdir(scratch.file('work/.devcontainer'), { recursive: true });
    await writeFile(scratch.file('work/hello.txt'), 'from the workspace\n');
    await writeFile(scratch.file('work/.devcontainer/devcontainer.json'), JSON.stringify({
      image: 'busybox', containerEnv: { TIER: 'dev' }, remoteEnv: { REMOTE: 'yes' }, postCreateCommand: 'echo created > /tmp/created', runArgs: ['--label', `test=${scratch.path}`],
    }));
    const cli = async (verb: string, ...args: string[]): Promise<string> => {
      const { stdout } = await exec(process.execPath, [program, verb, '--workspace-folder', scratch.file('work'), ...args], {
        timeoutMs: 110_000, env: { ...process.env, DOCKER_HOST: `unix://${endpoint().api.socketPath}`, HOME: scratch.path },
      });
      return stdout;
    };
    const { outcome, containerId, remoteWorkspaceFolder } = JSON.parse((await cli('up')).trim().split('\n').at(-1) ?? '') as Record<string, string>;
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => { await endpoint().api.delete(`/containers/${containerId ?? ''}?force=1&v=1`); });
    assert.deepEqual([outcome, remoteWorkspaceFolder], ['success', '/workspaces/work']);
    assert.equal(await cli('exec', 'sh', '-c', 'cat hello.txt /tmp/created; echo $TIER $REMOTE; pwd'), 'from the workspace\ncreated\ndev yes\n/workspaces/work\n');
    const again = JSON.parse((await cli('up')).trim().split('\n').at(-1) ?? '') as Record<string, string>;
    assert.equal(again['containerId'], containerId, 'found again by its labels');
  });
});
