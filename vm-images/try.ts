import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exec } from '../src/base/exec.ts';

/**
 * Boots an image under TCG, prints the phases as the guest tells them, and powers it off when the engine answers: `try.ts --image build/guest/amd64`.
 * `--data FILE` keeps the data disk for another boot; `--run COMMAND` is run over ssh before the end (needs the ssh command).
 */
const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'build/guest/amd64' }, data: { type: 'string' }, run: { type: 'string' }, port: { type: 'string', default: '22022' },
    'data-gib': { type: 'string', default: '8' }, 'memory-mib': { type: 'string', default: '1024' }, 'timeout-s': { type: 'string', default: '90' }, append: { type: 'string', default: '' },
  },
});

const image = resolve(values.image);
const scratch = await mkdtemp(join(tmpdir(), 'strata-try-'));
const file = (name: string): string => join(scratch, name);

async function makeDisks(): Promise<string> {
  for (const name of ['ssh_host_ed25519_key', 'user']) await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'try', '-f', file(name)]);
  await writeFile(file('authorized_keys'), await readFile(file('user.pub')));
  await writeFile(file('config.json'), JSON.stringify({ hostname: 'try', network: { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] } }));
  await exec('tar', ['--format=ustar', '-C', scratch, '-cf', file('config.img'), 'config.json', 'authorized_keys', 'ssh_host_ed25519_key']);
  const data = values.data === undefined ? file('data.img') : resolve(values.data);
  await using disk = await open(data, 'a');
  await disk.truncate(Math.max((await disk.stat()).size, Number(values['data-gib']) * 2 ** 30));
  return data;
}

function qemu(data: string): ReturnType<typeof spawn> {
  const disk = (id: string, path: string, drive: string, device = ''): string[] => ['-drive', `if=none,id=${id},file=${path},format=raw,${drive}`, '-device', `virtio-blk-pci,drive=${id},serial=strata-${id}${device}`];
  return spawn('qemu-system-x86_64', [
    '-machine', 'q35,sata=off,smbus=off,vmport=off', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', values['memory-mib'],
    '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd'),
    '-append', `console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable mitigations=off ${values.append}`,
    '-chardev', `file,id=console,path=${file('console.log')}`, '-serial', 'chardev:console', '-device', 'virtio-serial-pci,id=serial',
    '-chardev', `socket,id=control,path=${file('control.sock')},server=on,wait=off`, '-device', 'virtserialport,bus=serial.0,chardev=control,name=org.strata.control',
    ...disk('root', join(image, 'root.img'), 'readonly=on'), ...disk('data', data, 'discard=unmap,detect-zeroes=unmap', ',discard=on'), ...disk('config', file('config.img'), 'readonly=on'),
    '-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${values.port}-:22`, '-device', 'virtio-net-pci,netdev=net', '-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,free-page-reporting=on',
  ], { stdio: ['ignore', 'inherit', 'inherit'], timeout: Number(values['timeout-s']) * 1000, killSignal: 'SIGKILL' });
}

async function connect(): Promise<ReturnType<typeof createConnection>> {
  for (;;) {
    const socket = createConnection(file('control.sock'));
    const { promise, resolve: settle } = Promise.withResolvers<boolean>();
    socket.once('connect', () => { settle(true); }).once('error', () => { settle(false); });
    if (await promise) return socket;
    await pause(20);
  }
}

async function overSsh(command: string): Promise<string> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=20'].flatMap((option) => ['-o', option]);
  const { stdout, stderr } = await exec('ssh', [...options, '-i', file('user'), '-p', values.port, 'root@127.0.0.1', command]).catch((error: unknown) => ({ stdout: '', stderr: String(error) }));
  return stdout + stderr;
}

try {
  const machine = qemu(await makeDisks());
  const ended = new Promise((done) => { machine.once('exit', done); });
  const startedAt = performance.now();
  const control = await connect();
  void ended.then(() => control.destroy());
  for await (const line of createInterface({ input: control })) {
    console.log(`${Math.round(performance.now() - startedAt).toString().padStart(6)} ms  ${line}`);
    const said = JSON.parse(line) as { phase?: string; state?: string };
    if (said.state === 'failed' || (said.phase === 'engine' && said.state === 'end')) {
      if (values.run !== undefined) console.log(await overSsh(values.run));
      control.write('{"command":"poweroff"}\n');
    }
  }
  await ended;
  console.log(`${Math.round(performance.now() - startedAt).toString().padStart(6)} ms  ended`);
  console.log(await readFile(file('console.log'), 'utf8'));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
