/**
 * The runtime on the real kernel: a real OCI runtime behind the real shim, in a bundle made of Debian's static busybox.
 * Needs root, runc or crun, busybox-static and a built shim.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../../src/base/log.ts';
import { demultiplex } from '../../src/api/stdcopy.ts';
import { decodeLogRecord } from '../../src/engine/runtime/log-format.ts';
import { findRuntime } from '../../src/engine/runtime/find-runtime.ts';
import type { ProcessStreams, RunningProcess } from '../../src/engine/runtime/runtime.ts';
import { ShimRuntime } from '../../src/engine/runtime/shim-runtime.ts';
import { buildSpec } from '../../src/engine/runtime/spec.ts';

const shim = fileURLToPath(new URL('../../dist/engine/strata-shim', import.meta.url));
const missing = process.getuid?.() !== 0 ? 'needs root' : !existsSync('/bin/busybox') ? 'needs busybox-static' : !existsSync(shim) ? 'needs the built shim (npm run build)' : undefined;

describe('shim runtime', { skip: missing ?? false }, () => {
  let root = '';
  let runtime: ShimRuntime;
  let sequence = 0;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'strata-rt-'));
    mkdirSync(join(root, 'rootfs/bin'), { recursive: true });
    for (const directory of ['proc', 'dev', 'sys', 'etc', 'tmp']) mkdirSync(join(root, 'rootfs', directory));
    execFileSync('cp', ['/bin/busybox', join(root, 'rootfs/bin/busybox')]);
    for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
      if (applet !== 'busybox') symlinkSync('busybox', join(root, 'rootfs/bin', applet));
    }
    const found = await findRuntime({ wanted: undefined, shim, scratch: join(root, 'probe'), log: silentLogger });
    runtime = new ShimRuntime({ ...found, shim, stateDirectory: join(root, 'state'), log: silentLogger });
  });
  after(() => { rmSync(root, { recursive: true, force: true }); });

  async function start(args: string[], options: { tty?: boolean; stdin?: boolean; log?: string; maxBytes?: number; beforeStart?: (s: ProcessStreams) => Promise<void> } = {}): Promise<{ id: string; directory: string; process: RunningProcess }> {
    sequence += 1;
    const id = `rt${String(process.pid)}-${String(sequence)}`;
    const directory = join(root, id);
    const spec = buildSpec({
      containerId: id, config: { Tty: options.tty === true }, hostConfig: {}, args, hostname: 'box', rootfs: join(root, 'rootfs'),
      user: { uid: 0, gid: 0, additionalGids: [], home: '/root' }, networkNamespace: undefined, mounts: [],
      cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1,
      boundingCapabilities: BigInt(`0x${/CapBnd:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`),
    });
    const started = await runtime.start({
      containerId: id, bundle: join(directory, 'bundle'), processDirectory: join(directory, 'p'), spec,
      stdio: { tty: options.tty === true, openStdin: options.stdin === true, stdinOnce: options.stdin === true },
      ...(options.log ? { logFile: { path: options.log, maxBytes: options.maxBytes ?? 0, maxFiles: 3 } } : {}),
      ...(options.beforeStart ? { beforeStart: options.beforeStart } : {}),
    });
    return { id, directory: join(directory, 'p'), process: started };
  }

  /** Starts with one client attached from before the beginning; gives the exit code and what was written. */
  async function run(args: string[], input?: Buffer | string): Promise<{ code: number; out: string; err: string }> {
    let streams: Promise<{ out: string; err: string }> | undefined;
    const { id, process: running } = await start(args, {
      stdin: input !== undefined,
      beforeStart: async (s) => {
        const client = await s.attach({ stdin: input !== undefined, stdout: true, stderr: true });
        if (input !== undefined) client.end(input);
        streams = split(client);
      },
    });
    const exit = await running.exited;
    const output = await streams;
    await runtime.delete(id);
    return { code: exit.code, out: output?.out ?? '', err: output?.err ?? '' };
  }

  async function split(source: AsyncIterable<Uint8Array>): Promise<{ out: string; err: string }> {
    const parts: [Buffer[], Buffer[]] = [[], []];
    for await (const frame of demultiplex(source)) parts[frame.stream === 1 ? 0 : 1].push(Buffer.from(frame.payload));
    return { out: Buffer.concat(parts[0]).toString(), err: Buffer.concat(parts[1]).toString() };
  }

  test('output of both streams and the exit code', async () => {
    assert.deepEqual(await run(['sh', '-c', 'echo out; echo err >&2; exit 3']), { code: 3, out: 'out\n', err: 'err\n' });
  });

  test('standard input ends with the client and output still arrives', async () => {
    const megabyte = Buffer.alloc(1 << 20, 'x');
    assert.equal((await run(['sh', '-c', 'wc -c; echo done'], megabyte)).out.trim(), '1048576\ndone');
  });

  test('a command that is not there fails in words that clients know, and leaves nothing', async () => {
    await assert.rejects(run(['nosuchcommand']), /executable file not found in \$PATH/);
    await assert.rejects(run(['/nosuchcommand']), /no such file or directory/);
    await assert.rejects(run(['/etc']), /permission denied|is a directory/);
  });

  test('a terminal: size, carriage returns, raw bytes', async () => {
    let output: Promise<string> | undefined;
    const { id, process: running } = await start(['sh', '-c', 'read line; stty size; echo "got $line"'], {
      tty: true, stdin: true,
      beforeStart: async (s) => {
        const client = await s.attach({ stdin: true, stdout: true, stderr: true });
        output = text(client);
        await s.resize(91, 17);
        client.write('hello\n');
      },
    });
    assert.equal((await running.exited).code, 0);
    assert.match(await (output ?? ''), /17 91\r\ngot hello\r\n$/);
    await runtime.delete(id);
  });

  test('the log holds every byte in order, across rotation', async () => {
    const log = join(root, 'rotated.log');
    const { id, process: running } = await start(['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'], { log, maxBytes: 40_000 });
    await running.exited;
    await runtime.delete(id);
    const files = [`${log}.2`, `${log}.1`, log].filter((path) => existsSync(path)).map((path) => readFileSync(path));
    assert.ok(files.every((file) => file.length <= 40_000));
    const lines = files.flatMap((file) => {
      const data: Buffer[] = [];
      for (let record = decodeLogRecord(file, 0); record; record = decodeLogRecord(file, record.end)) data.push(record.data);
      return [Buffer.concat(data).toString()];
    }).join('').trimEnd().split('\n').filter((line) => line.startsWith('line'));
    const last = lines.slice(-500).map((line) => Number(line.slice(5)));
    assert.deepEqual(last, Array.from({ length: 500 }, (_, i) => 2500 + i));
  });

  test('exec: exit code, output and terminal of a second process', async () => {
    const { id, directory, process: running } = await start(['sleep', '60']);
    let output: Promise<{ out: string; err: string }> | undefined;
    const second = await runtime.exec({
      containerId: id, processDirectory: join(directory, 'exec1'), stdio: { tty: false, openStdin: false, stdinOnce: false },
      process: { ...buildSpec({ containerId: id, config: {}, hostConfig: {}, args: ['sh', '-c', 'echo $$ in; exit 7'], hostname: 'h', rootfs: '/', user: { uid: 0, gid: 0, additionalGids: [], home: '/' }, networkNamespace: undefined, mounts: [], cgroupVersion: 1, boundingCapabilities: 0n }).process },
      beforeStart: async (s) => { output = split(await s.attach({ stdin: false, stdout: true, stderr: true })); },
    });
    assert.equal((await second.exited).code, 7);
    assert.match((await output)?.out ?? '', / in\n/);
    running.signal(9);
    assert.equal((await running.exited).code, 137);
    await runtime.delete(id);
  });

  test('whoever starts a process may die: it runs on, is found again, and nothing is lost', async () => {
    const log = join(root, 'survivor.log');
    const directory = join(root, 'survivor');
    const script = `
      import { ShimRuntime } from ${JSON.stringify(fileURLToPath(new URL('../../src/engine/runtime/shim-runtime.ts', import.meta.url)))};
      import { readFileSync } from 'node:fs';
      import { silentLogger } from ${JSON.stringify(fileURLToPath(new URL('../../src/base/log.ts', import.meta.url)))};
      const runtime = new ShimRuntime({ name: ${JSON.stringify(runtime.name)}, path: ${JSON.stringify(runtime.path)}, shim: ${JSON.stringify(shim)}, stateDirectory: ${JSON.stringify(join(root, 'state'))}, log: silentLogger });
      await runtime.start({ containerId: 'survivor${String(process.pid)}', bundle: '${directory}/bundle', processDirectory: '${directory}/p', spec: JSON.parse(readFileSync(0, 'utf8')),
        stdio: { tty: false, openStdin: false, stdinOnce: false }, logFile: { path: ${JSON.stringify(log)}, maxBytes: 0, maxFiles: 1 } });
      process.kill(process.pid, 'SIGKILL');`;
    const spec = buildSpec({
      containerId: `survivor${String(process.pid)}`, config: {}, hostConfig: {}, args: ['sh', '-c', 'i=0; while [ $i -lt 300 ]; do echo n $i; i=$((i+1)); usleep 3000; done; exit 5'], hostname: 'h', rootfs: join(root, 'rootfs'),
      user: { uid: 0, gid: 0, additionalGids: [], home: '/' }, networkNamespace: undefined, mounts: [], cgroupVersion: 1, boundingCapabilities: 0n,
    });
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'ignore', 'inherit'] });
    parent.stdin.end(JSON.stringify(spec));
    await new Promise((resolve) => parent.on('exit', resolve));
    const found = await runtime.recover(join(directory, 'p'));
    assert.ok(found && 'exited' in found, 'the process is found running');
    const tail = await found.attach({ stdin: false, stdout: true, stderr: false });
    const attached = buffer(tail);
    assert.equal((await found.exited).code, 5);
    assert.ok((await attached).length > 0, 'attach works again');
    const again = await runtime.recover(join(directory, 'p'));
    assert.ok(again && 'code' in again && again.code === 5, 'the exit record stays');
    const file = readFileSync(log);
    const data: Buffer[] = [];
    for (let record = decodeLogRecord(file, 0); record; record = decodeLogRecord(file, record.end)) data.push(record.data);
    assert.equal(Buffer.concat(data).toString(), Array.from({ length: 300 }, (_, i) => `n ${String(i)}\n`).join(''));
    await runtime.delete(`survivor${String(process.pid)}`);
  });

  test('a slow reader holds the process back and loses nothing', async () => {
    let client: Awaited<ReturnType<ProcessStreams['attach']>> | undefined;
    const { id, process: running } = await start(['sh', '-c', 'yes 0123456789abcde | head -c 8000000'], {
      beforeStart: async (s) => { client = await s.attach({ stdin: false, stdout: true, stderr: true }); },
    });
    let ended = false;
    void running.exited.then(() => { ended = true; });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(ended, false, 'it waits while nobody reads');
    assert.ok(client);
    assert.equal((await split(client)).out.length, 8_000_000);
    assert.equal((await running.exited).code, 0);
    await runtime.delete(id);
  });
});
