import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { FactCache } from '../fact-cache.ts';
import { chooseAccelerator, type AcceleratorChoice, type ProbeRequest } from './accelerator-probe.ts';

/** Runs the choice against a program that stands for QEMU: `script` is what it does. */
async function choose(t: TestContext, script: string, overrides: Partial<ProbeRequest> = {}): Promise<{ choice: () => Promise<AcceleratorChoice>; runs: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-probe-'));
  t.after(() => rm(directory, { recursive: true }));
  const program = join(directory, 'qemu');
  const runs = join(directory, 'runs');
  await writeFile(program, `#!/bin/sh\necho run >> ${runs}\n${script}\n`, { mode: 0o755 });
  const request: ProbeRequest = {
    host: { platform: 'linux', arch: 'amd64' }, guestArch: 'amd64', program, kernel: '/k', kernelSha256: 'k', cache: new FactCache(join(directory, 'cache.json')),
    log: silentLogger, signal: new AbortController().signal, deadlineMs: 400, kvmDevice: '/dev/null', ...overrides,
  };
  return { choice: () => chooseAccelerator(request), runs };
}

test('a guest that speaks proves the accelerator, once', async (t) => {
  const { choice, runs } = await choose(t, "echo 'Linux version 6.1'; exec sleep 60");
  assert.deepEqual(await choice(), { accelerator: 'kvm' });
  assert.deepEqual(await choice(), { accelerator: 'kvm' });
  const { readFile } = await import('node:fs/promises');
  assert.equal(await readFile(runs, 'utf8'), 'run\n');
});

test('a device on which guests hang is not used', async (t) => {
  const { choice } = await choose(t, 'exec sleep 60');
  const { accelerator, warning } = await choice();
  assert.equal(accelerator, 'tcg');
  assert.match(warning ?? '', /did not speak within 400 ms/);
});

test('a refusal is told in the words of qemu', async (t) => {
  const { choice } = await choose(t, "echo 'failed to initialize kvm: Device or resource busy' >&2; exit 1");
  assert.match((await choice()).warning ?? '', /kvm refused: failed to initialize kvm: Device or resource busy/);
});

test('without the device, or for another architecture, nothing is booted', async (t) => {
  const absent = await choose(t, 'exit 1', { kvmDevice: '/nonexistent' });
  assert.match((await absent.choice()).warning ?? '', /there is no \/nonexistent/);
  const foreign = await choose(t, 'exit 1', { guestArch: 'arm64' });
  assert.match((await foreign.choice()).warning ?? '', /arm64 guest on a amd64 host/);
});

test('giving up ends the probe', async (t) => {
  const { choice } = await choose(t, 'exec sleep 60', { signal: AbortSignal.timeout(50), deadlineMs: 60_000 });
  await assert.rejects(choice(), { name: 'TimeoutError' });
});
