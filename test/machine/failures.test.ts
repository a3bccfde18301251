import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { MachineStatus } from '../../src/api/machine.ts';
import { ConflictError, InvalidArgumentError } from '../../src/api/errors.ts';
import { machineStatus, pathsFor, removeMachine, stopMachine } from '../../src/machine/machine-life.ts';
import { startMachine, type StartOptions } from '../../src/machine/start-machine.ts';
import { fakeInstallation, leftovers, lives } from './fake-installation.ts';

/** Starts a machine that must fail, and checks what every failure has in common: it is told, it is kept, and nothing is left. */
async function failingStart(t: TestContext, setUp: Parameters<typeof fakeInstallation>[1] & { before?: (made: { home: string; images: string; bin: string }) => Promise<void>; start?: StartOptions }): Promise<MachineStatus> {
  const made = await fakeInstallation(t, setUp);
  await setUp.before?.(made);
  let vmPid: number | undefined;
  let agentPid: number | undefined;
  const status = await startMachine({}, { ...setUp.start, onStatus: (next) => {
    vmPid = next.vmPid ?? vmPid;
    agentPid = next.agentPid ?? agentPid;
  } });
  assert.equal(status.state, 'error');
  assert.ok(status.failure !== undefined);
  assert.deepEqual((await machineStatus({})).failure, status.failure);
  assert.deepEqual(await leftovers(made.home), []);
  assert.equal(await lives(vmPid), false);
  return status;
}

test('qemu is missing', async (t) => {
  const { failure } = await failingStart(t, { before: ({ bin }) => rm(bin, { recursive: true }).then(() => { process.env['PATH'] = bin; }), start: { driver: 'qemu' } });
  assert.equal(failure?.phase, 'probe');
  assert.match(failure.message, /qemu-system-x86_64 is not installed \(sudo apt-get install qemu-system-x86\)/);
});

test('qemu refuses to start', async (t) => {
  const { failure } = await failingStart(t, { mode: 'refuse' });
  assert.equal(failure?.phase, 'boot');
  assert.match(failure.message, /cannot set up guest memory/);
});

test('there is no guest image', async (t) => {
  const { failure } = await failingStart(t, { before: ({ images }) => rm(images, { recursive: true }) });
  assert.match(failure?.message ?? '', /no guest image at .* \(build it with: npm run image\)/);
});

test('the kernel image is corrupted', async (t) => {
  const { failure } = await failingStart(t, { before: ({ images }) => writeFile(join(images, 'amd64', 'vmlinuz'), 'evil') });
  assert.equal(failure?.phase, 'probe');
  assert.match(failure.message, /guest image is damaged: .*vmlinuz has digest sha256:/);
});

test('the image is for another architecture, or its manifest is garbage', async (t) => {
  const foreign = await failingStart(t, { before: async ({ images }) => {
    const path = join(images, 'amd64', 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"amd64"', '"arm64"'));
  } });
  assert.match(foreign.failure?.message ?? '', /is for "arm64", not amd64/);
});

test('a guest that never answers', async (t) => {
  const { failure } = await failingStart(t, { mode: 'silent', deadlines: 'kernel=700' });
  assert.equal(failure?.phase, 'kernel');
  assert.match(failure.message, /the guest kernel did not finish within 700 ms/);
  assert.deepEqual(failure.consoleTail, ['Linux version 0.0 (fake)', 'fake guest speaks']);
  assert.match(failure.remedy ?? '', /console\.log/);
});

test('a guest whose kernel panics', async (t) => {
  const { failure } = await failingStart(t, { mode: 'panic' });
  assert.equal(failure?.phase, 'kernel');
  assert.equal(failure.message, 'the guest kernel panicked: VFS: Unable to mount root fs');
  assert.match(failure.consoleTail.at(-1) ?? '', /Kernel panic/);
});

test('a guest that says that a phase failed', async (t) => {
  const { failure } = await failingStart(t, { mode: 'no-disk' });
  assert.deepEqual([failure?.phase, failure?.message], ['data-disk', 'no disk with serial strata-data']);
});

test('the engine socket is taken', async (t) => {
  const { failure } = await failingStart(t, { before: async ({ home }) => {
    await mkdir(pathsFor({ home }).directory, { recursive: true });
    await writeFile(join(pathsFor({ home }).directory, 'engine.sock'), 'a file');
    // It is not ours to remove, and is looked at below.
  } }).catch((error: unknown) => {
    // `leftovers` finds the foreign file, which must have been left alone.
    assert.match(String(error), /engine\.sock/);
    return machineStatus({});
  });
  assert.equal(failure?.phase, 'forward');
  assert.match(failure.message, /engine\.sock is in the way and is not a socket/);
  assert.equal(await readFile(pathsFor({}).engineSocket, 'utf8'), 'a file');
});

test('the control socket is taken by somebody else', async (t) => {
  await fakeInstallation(t);
  const paths = pathsFor({});
  await mkdir(paths.directory, { recursive: true });
  const other = createServer((socket) => { socket.destroy(); });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  other.listen(paths.controlSocket, () => { resolve(undefined); });
  await promise;
  t.after(() => other.close());
  await assert.rejects(startMachine({}), (error: unknown) => error instanceof ConflictError && /control\.sock is in use by another process/.test(error.message));
  assert.ok(other.listening);
});

test('there is no room on the disk', { skip: process.getuid?.() === 0 ? false : 'needs root for a small file system' }, async (t) => {
  const { failure } = await failingStart(t, { before: async ({ home }) => {
    await mkdir(home, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=700', 'tmpfs', home]);
    // Not by `t.after`: the directory is removed before those run.
    undo.push(() => { execFileSync('umount', ['-l', home]); });
  } }).finally(() => { for (const step of undo.splice(0)) step(); });
  assert.equal(failure?.phase, 'disk');
  assert.match(failure.message, /no room for the machine: \d+ MiB are free at/);
});

test('a machine is not removed through a mount', { skip: process.getuid?.() === 0 ? false : 'needs root to mount' }, async (t) => {
  await fakeInstallation(t);
  await startMachine({});
  await stopMachine({});
  const point = join(pathsFor({}).directory, 'engine');
  await mkdir(point);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', point]);
  try {
    await writeFile(join(point, 'precious'), '');
    await assert.rejects(removeMachine({}, { force: true }), (error: unknown) => error instanceof ConflictError && /still has containers/.test(error.message));
    await readFile(join(point, 'precious'));
  } finally {
    execFileSync('umount', ['-l', point]);
  }
  await removeMachine({});
});

const undo: (() => void)[] = [];

test('the path is too long', async (t) => {
  await fakeInstallation(t);
  await assert.rejects(startMachine({ home: `/tmp/${'x'.repeat(100)}` }), (error: unknown) => error instanceof InvalidArgumentError && /STRATA_HOME/.test(error.message));
});

test('bad options change nothing', async (t) => {
  const { home } = await fakeInstallation(t);
  await assert.rejects(startMachine({}, { cpus: 0 }), InvalidArgumentError);
  await assert.rejects(startMachine({}, { memoryMiB: 1.5 }), InvalidArgumentError);
  await assert.rejects(startMachine({ name: '../x' }), InvalidArgumentError);
  await assert.rejects(readdir(home), { code: 'ENOENT' });
});

test('drivers that are not there yet say so', async (t) => {
  const { failure } = await failingStart(t, { start: { driver: 'vfkit' } });
  assert.match(failure?.message ?? '', /vfkit driver .* is not part of this version/);
});

test('the data disk is not shrunk', async (t) => {
  await fakeInstallation(t);
  assert.equal((await startMachine({}, { diskGiB: 4 })).state, 'running');
  await stopMachine({});
  const { failure } = await startMachine({}, { diskGiB: 2 });
  assert.equal(failure?.phase, 'disk');
  assert.match(failure.message, /cannot become smaller/);
  assert.equal((await startMachine({}, { diskGiB: 5 })).state, 'running');
});
