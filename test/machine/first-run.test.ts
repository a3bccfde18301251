/** The first minutes of a user: the machine by the command, then containers in it by `strata` and by the docker command. Boots a real VM. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exec } from '../../src/base/exec.ts';
import { testImages } from '../fixtures/images.ts';
import { findTool } from '../fixtures/requirements.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const strata = join(root, 'bin/strata');
const guest = join(root, `build/guest/${process.arch === 'arm64' ? 'arm64' : 'amd64'}/manifest.json`);
const docker = findTool('docker');
const lacking = findTool('qemu-system-x86_64') === undefined ? 'no QEMU' : !existsSync(guest) ? 'no guest image (npm run image)' : docker === undefined ? 'no docker command' : undefined;

describe('a container in the VM', { skip: lacking === undefined ? false : `skipped: ${lacking}` }, () => {
  let home = '';
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, STRATA_HOME: home, DOCKER_CONFIG: home, DOCKER_HOST: '' });
  const run = async (...args: string[]): Promise<string> => (await exec(strata, args, { env: env(), timeoutMs: 240_000 })).stdout;

  before(async () => {
    home = await mkdtemp('/tmp/sf-');
    await run('machine', 'start');
  });
  after(async () => {
    await run('machine', 'stop').catch(() => undefined);
    await rm(home, { recursive: true, force: true });
  });

  test('the welcome image answers offline on the first start', async () => {
    assert.match(await run('run', '--rm', 'strata/welcome'), /Hello from a container/);
  });

  test('busybox, by strata and by docker', async () => {
    await run('load', '-q', '-i', (await testImages()).busybox);
    assert.equal(await run('run', '--rm', 'busybox', 'echo', 'by strata'), 'by strata\n');
    const host = `unix://${join(home, 'machines/default/engine.sock')}`;
    const reply = await exec(docker ?? 'docker', ['-H', host, 'run', '--rm', 'busybox', 'echo', 'by docker'], { env: { ...process.env, DOCKER_CONFIG: home }, timeoutMs: 120_000 });
    assert.equal(reply.stdout, 'by docker\n');
  });
});
