/**
 * Stands for QEMU and the guest in it: speaks the monitor's protocol on the inherited file, phases on the control port, console on
 * standard output, and runs the fake guest's ssh and engine. `FAKE_QEMU` chooses what goes wrong (see `modes`). For tests of the
 * agent that need no kernel; everything that a kernel, OpenSSH or QEMU itself decides is proved by the boots in `boot.test.ts`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFakeEngine } from './fake-engine.ts';
import { startFakeGuest } from './fake-guest.ts';

/** `silent`: boots and never speaks. `refuse`: QEMU itself fails. `deaf`: powers off neither when asked nor by button. */
const mode = env['FAKE_QEMU'] ?? 'normal';

const option = (name: string): string[] => argv.flatMap((arg, at) => (arg === name ? [argv[at + 1] ?? ''] : []));
const fdOf = (id: string): number => Number(/fd=(\d+)/.exec(option('-chardev').find((chardev) => chardev.includes(`id=${id},`)) ?? '')?.[1]);

function configDisk(): string {
  const disk = option('-blockdev').map((text) => JSON.parse(text) as { 'node-name': string; file: { filename: string } }).find((blockdev) => blockdev['node-name'] === 'config');
  return disk?.file.filename ?? '';
}

function fileOnConfigDisk(name: string): string {
  const tar = readFileSync(configDisk());
  for (let at = 0; at < tar.length;) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8) || 0;
    if (tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '') === name) return tar.toString('utf8', at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`no ${name} on the configuration disk`);
}

async function main(): Promise<void> {
  if (mode === 'refuse') {
    stderr.write('qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory\n');
    exit(1);
  }
  const control = new Socket({ fd: fdOf('control') });
  const monitor = new Socket({ fd: fdOf('monitor') });
  for (const socket of [control, monitor]) socket.on('error', () => undefined);
  const say = (value: object): void => { control.write(`${JSON.stringify(value)}\n`); };
  // Beside the configuration disk: it goes with the test's home, however this process ends.
  const directory = mkdtempSync(join(dirname(configDisk()), 'q-'));
  process.on('exit', () => { rmSync(directory, { recursive: true, force: true }); });
  const engineSocket = join(directory, 'engine.sock');
  const engine = createFakeEngine();
  engine.listen(engineSocket);
  const guest = await startFakeGuest({ hostKey: fileOnConfigDisk('ssh_host_ed25519_key'), authorizedKey: fileOnConfigDisk('authorized_keys'), engineSocket });

  const asked = Promise.withResolvers<undefined>();
  monitor.write('{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}\r\n');
  monitor.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number };
      const answer = execute === 'human-monitor-command' ? `  TCP[HOST_FORWARD]   3       127.0.0.1 ${String(guest.port)}       10.0.2.15    22     0     0\r\n` : {};
      monitor.write(`${JSON.stringify({ return: answer, id })}\r\n`);
      if (execute === 'human-monitor-command') asked.resolve(undefined);
      if (execute === 'quit') exit(0);
    }
  });
  control.on('data', (chunk: Buffer) => {
    if (mode === 'deaf' || !chunk.toString().includes('poweroff')) return;
    say({ event: 'poweroff' });
    setTimeout(() => { exit(0); }, 20);
  });
  stdout.write('Linux version 0.0 (fake)\r\nfake guest speaks\r\n');
  if (mode === 'silent') return;
  if (mode === 'panic') {
    // After the monitor's answer has been taken: before that it would be QEMU that did not start.
    await asked.promise;
    stdout.write('Kernel panic - not syncing: VFS: Unable to mount root fs\r\n');
    await sleep(500);
    exit(0);
  }
  if (mode === 'hostile') control.write(`${'\u0000\u001b[2J'.repeat(3000)}\n{"phase":"forward","state":"end"}\n[[[[\n{"phase":{},"state":7}\n`);
  for (const phase of ['kernel', 'init', 'data-disk', 'network', 'ssh', 'engine']) {
    if (mode === 'no-disk' && phase === 'data-disk') {
      say({ phase, state: 'failed', message: 'no disk with serial strata-data' });
      return;
    }
    say({ phase, state: 'begin' });
    say({ phase, state: 'end' });
  }
}

await main();
