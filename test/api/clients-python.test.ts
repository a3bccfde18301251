import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { onEveryEndpoint } from './endpoint.ts';

const SESSION = fileURLToPath(new URL('python-session.py', import.meta.url));
/** Debian's, which has Debian's docker module. */
const PYTHON = '/usr/bin/python3';

const hasModule = await exec(PYTHON, ['-c', 'import docker'], { timeoutMs: 20_000 }).then(() => true, () => false);

onEveryEndpoint('python3-docker', (endpoint) => {
  test('a session: images, run, exec, logs, stats, archives, volumes, networks, events', { skip: hasModule ? false : 'skipped: no python3-docker', timeout: 120_000 }, async () => {
    const { stdout } = await exec(PYTHON, [SESSION, `unix://${endpoint().api.socketPath}`], { timeoutMs: 110_000 });
    assert.match(stdout, /session complete\n$/);
  });
});
