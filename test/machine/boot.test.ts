import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { START_PHASES, type MachineStatus } from '../../src/api/machine.ts';
import { demultiplex } from '../../src/api/stdcopy.ts';
import { silentLogger } from '../../src/base/log.ts';
import { MachineClient } from '../../src/machine/client.ts';
import { untilEngineAnswers } from '../../src/machine/engine-ping.ts';
import { findInstallation } from '../../src/machine/installation.ts';
import { listMachines, machineStatus, pathsFor, stopMachine } from '../../src/machine/machine-life.ts';
import { QemuDriver } from '../../src/machine/qemu/qemu-driver.ts';
import { findProgram } from '../../src/machine/qemu/find-program.ts';
import { startMachine } from '../../src/machine/start-machine.ts';
import { vmDriverContract } from '../contract/vm-driver.ts';
import { leftovers, lives } from './fake-installation.ts';

/** The real thing: QEMU, the built guest, its sshd and its engine. Boots are dear under emulation, so the tests of a machine share one. */

const images = findInstallation().guestImageDirectory('amd64');
const missing = process.arch !== 'x64' ? 'the boots run an amd64 guest' : !existsSync(join(images, 'manifest.json')) ? `no guest image at ${images} (npm run image)` : (await findProgram('qemu-system-x86_64')) === undefined ? 'qemu-system-x86_64 is not installed' : false;

const BOOT_PATIENCE_MS = 180_000;
const soon = (): AbortSignal => AbortSignal.timeout(90_000);

describe('a machine that really boots', { skip: missing, timeout: 600_000 }, () => {
  let home: string;
  let status: MachineStatus;
  const paths = (): ReturnType<typeof pathsFor> => pathsFor({ home });
  const client = (): MachineClient => new MachineClient(paths().controlSocket);

  before(async () => {
    home = await mkdtemp('/tmp/sb-');
  });
  after(async () => {
    for (const machine of await listMachines(home)) await stopMachine({ name: machine.name, home }, { force: true }).catch(() => undefined);
    await rm(home, { recursive: true, force: true });
  });

  /** Runs a command in the guest without a terminal. */
  async function run(command: string): Promise<{ stdout: string; stderr: string; exitCode: number | null }> {
    const { id, connection } = await client().shell({ command });
    const texts = ['', '', ''];
    for await (const { stream, payload } of demultiplex(connection.output)) texts[stream] = (texts[stream] ?? '') + Buffer.from(payload).toString();
    return { stdout: texts[1] ?? '', stderr: texts[2] ?? '', exitCode: (await client().shellExit(id)).exitCode };
  }

  test('starts, with every phase told and timed', async (t) => {
    status = await startMachine({ home }, { driver: 'qemu', cpus: 2, memoryMiB: 1536, diskGiB: 8 });
    assert.equal(status.state, 'running', JSON.stringify(status.failure, undefined, 2));
    assert.deepEqual(status.phases.map(({ phase }) => phase), [...START_PHASES]);
    t.diagnostic(`phases (ms): ${status.phases.map(({ phase, startedMs, endedMs }) => `${phase} ${String(startedMs)}-${String(endedMs)}`).join(', ')}`);
    const manifest = JSON.parse(await readFile(join(images, 'manifest.json'), 'utf8')) as { version: string };
    assert.equal(status.image, manifest.version);
    if (status.accelerator === 'tcg') assert.match(status.warnings.join(), /emulated/);
  });

  test('the engine answers on the forwarded socket, to many at once', async () => {
    await untilEngineAnswers(paths().engineSocket, soon());
    await Promise.all(Array.from({ length: 30 }, () => untilEngineAnswers(paths().engineSocket, soon())));
  });

  test('half-close: the engine answers a client that has closed its side', async () => {
    const socket = connect({ path: paths().engineSocket, allowHalfOpen: true });
    socket.end('GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nOK/s);
  });

  test('commands run in the guest, with their streams, input and exit code', async () => {
    assert.deepEqual(await run('echo out; echo problem >&2; exit 3'), { stdout: 'out\n', stderr: 'problem\n', exitCode: 3 });
    const { id, connection } = await client().shell({ command: 'wc -c' });
    await connection.write(Buffer.alloc(300_000));
    await connection.end();
    let counted = '';
    for await (const { payload } of demultiplex(connection.output)) counted += Buffer.from(payload).toString();
    assert.equal(counted.trim(), '300000');
    assert.deepEqual(await client().shellExit(id), { exitCode: 0 });
  });

  test('a terminal has the size that was asked for, and follows', async () => {
    const { id, connection } = await client().shell({ command: 'stty size; read wait; stty size', tty: { cols: 91, rows: 23 } });
    let text = '';
    for await (const chunk of connection.output) {
      text += Buffer.from(chunk).toString();
      if (text.includes('23 91') && !text.includes('\n\n')) {
        await client().resizeShell(id, { cols: 120, rows: 40 });
        await connection.write(Buffer.from('\n'));
        text += '\n\n';
      }
    }
    assert.match(text, /23 91[\s\S]*40 120/);
  });

  test('a client that does not read stalls nobody', async () => {
    const { connection } = await client().shell({ command: 'cat /dev/zero' });
    await sleep(1500);
    const startedAt = performance.now();
    await untilEngineAnswers(paths().engineSocket, soon());
    assert.ok(performance.now() - startedAt < 15_000);
    const { agentPid } = await machineStatus({ home });
    const rssKiB = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${String(agentPid)}/status`, 'utf8'))?.[1]);
    assert.ok(rssKiB < 160 * 1024, `the agent holds ${String(rssKiB)} KiB for a client that reads nothing`);
    connection.close();
  });

  test('a broken ssh connection is mended', async () => {
    // The shell's parent is the sshd process of the agent's connection.
    await run('kill -9 $PPID').catch(() => undefined);
    await untilEngineAnswers(paths().engineSocket, soon());
    assert.equal((await run('echo again')).stdout, 'again\n');
  });

  test('a second machine runs beside the first; killing it is noticed and told with the console', async () => {
    const second = await startMachine({ home, name: 'second' }, { driver: 'qemu', cpus: 1, memoryMiB: 1024, diskGiB: 4 });
    assert.equal(second.state, 'running', JSON.stringify(second.failure, undefined, 2));
    await untilEngineAnswers(pathsFor({ home, name: 'second' }).engineSocket, soon());
    await untilEngineAnswers(paths().engineSocket, soon());
    assert.ok(second.vmPid !== undefined);
    process.kill(second.vmPid, 'SIGKILL');
    const killedAt = performance.now();
    let last: MachineStatus | undefined;
    for await (const next of new MachineClient(pathsFor({ home, name: 'second' }).controlSocket).watch()) last = next;
    assert.ok(performance.now() - killedAt < 10_000);
    assert.equal(last?.state, 'error');
    assert.match(last.failure?.message ?? '', /killed by SIGKILL/);
    assert.deepEqual(await leftovers(home, 'second'), []);
    assert.equal((await machineStatus({ home })).state, 'running');
  });

  test('stops in order and leaves nothing', async (t) => {
    const startedAt = performance.now();
    await stopMachine({ home });
    t.diagnostic(`stopped in ${String(Math.round(performance.now() - startedAt))} ms`);
    assert.equal((await machineStatus({ home })).state, 'stopped');
    assert.match(await readFile(paths().agentLog, 'utf8'), /machine powered off by=guest/);
    assert.deepEqual(await leftovers(home), []);
    assert.equal(await lives(status.vmPid), false);
    assert.equal(await lives(status.agentPid), false);
  });

  test('a kernel without its init fails by name, with the console', async () => {
    process.env['STRATA_PHASE_DEADLINES'] = 'init=4000';
    const bare = await mkdtemp('/tmp/si-');
    try {
      await withoutInit(bare);
      process.env['STRATA_GUEST_IMAGES'] = bare;
      const failed = await startMachine({ home, name: 'bare' }, { driver: 'qemu', cpus: 1, memoryMiB: 512, diskGiB: 1 });
      assert.equal(failed.state, 'error');
      assert.equal(failed.failure?.phase, 'kernel');
      assert.match(failed.failure.message, /the guest kernel panicked: /);
      assert.deepEqual(await leftovers(home, 'bare'), []);
    } finally {
      Reflect.deleteProperty(process.env, 'STRATA_GUEST_IMAGES');
      Reflect.deleteProperty(process.env, 'STRATA_PHASE_DEADLINES');
      await rm(bare, { recursive: true, force: true });
    }
  });
});

/** The built image with an initrd of nothing, and a manifest that says so. */
async function withoutInit(directory: string): Promise<void> {
  const { cp, mkdir, writeFile } = await import('node:fs/promises');
  const { createHash } = await import('node:crypto');
  const target = join(directory, 'amd64');
  await mkdir(target, { recursive: true });
  for (const file of ['vmlinuz', 'root.img', 'manifest.json']) await cp(join(images, file), join(target, file));
  const empty = Buffer.alloc(1024);
  await writeFile(join(target, 'initrd'), empty);
  const manifest = JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')) as { files: Record<string, { sha256: string; bytes: number }> };
  manifest.files['initrd'] = { sha256: createHash('sha256').update(empty).digest('hex'), bytes: empty.length };
  await writeFile(join(target, 'manifest.json'), JSON.stringify(manifest));
}

if (missing === false) {
  vmDriverContract('qemu', async (t) => {
    const home = await mkdtemp('/tmp/sc-');
    t.after(() => rm(home, { recursive: true, force: true }));
    const { mkdir } = await import('node:fs/promises');
    const paths = pathsFor({ home });
    await mkdir(paths.directory, { recursive: true });
    return { driver: new QemuDriver({ paths, platform: 'linux', hostArch: 'amd64', guestArch: 'amd64', imageDirectory: images, log: silentLogger }), patienceMs: BOOT_PATIENCE_MS };
  });
}
