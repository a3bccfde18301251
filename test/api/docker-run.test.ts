import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

/** busybox's shell asks the terminal for its cursor (`ESC [6n`) and clears behind the prompt. */
const PROMPT = /# (?:\u001b\[\d*\w)*$/;

onEveryEndpoint('the docker command', (endpoint) => {
  const sh = (script: string, ...options: string[]): Promise<string> => endpoint().docker.ok('run', '--rm', ...options, 'busybox', 'sh', '-c', script);

  for (const [what, args, code] of [
    ['a command that succeeds', ['busybox', 'true'], 0],
    ['a command that fails', ['busybox', 'sh', '-c', 'exit 3'], 3],
    ['a command that ends by a signal', ['busybox', 'sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?'], 137],
    ['a flag that is not there', ['--no-such-flag', 'busybox'], 125],
    ['an image that is not there', ['--pull', 'never', 'no-such-image:1'], 125],
    ['a file that cannot be executed', ['busybox', '/etc/motd'], 126],
    ['a command that is not there', ['busybox', 'no-such-command'], 127],
  ] as const) {
    test(`exit status of run: ${what} is ${String(code)}`, async () => {
      const result = await endpoint().docker.run(['run', '--rm', ...args]);
      assert.equal(result.code, code, result.stderr);
      if (code >= 125) assert.notEqual(result.stderr, '');
      assert.equal(await endpoint().docker.ok('ps', '-aq'), '', 'nothing is left');
    });
  }

  test('output and errors come apart', async () => {
    const result = await endpoint().docker.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
    assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
  });

  test('standard input goes in and its end too: echo x | docker run -i busybox cat', async () => {
    const result = await endpoint().docker.run(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'x\n' });
    assert.deepEqual([result.code, result.stdout], [0, 'x\n']);
  });

  test('a megabyte through standard input and back', async () => {
    const input = Buffer.alloc(1_000_000, 'abcdefghij\n');
    const result = await endpoint().docker.run(['run', '--rm', '-i', 'busybox', 'cat'], { input });
    assert.ok(result.stdoutBytes.equals(input));
  });

  test('-e, -w, -u, --hostname, --label, --entrypoint', async () => {
    assert.equal(await sh('echo $A-$B; pwd; id -u; hostname', '-e', 'A=1', '-e', 'B=two words', '-w', '/tmp', '-u', 'app', '--hostname', 'box'), '1-two words\n/tmp\n1000\nbox');
    assert.equal(await sh('id -G', '-u', 'app'), '1000 2000', 'groups of the image count');
    assert.equal(await endpoint().docker.ok('run', '--rm', '--entrypoint', 'echo', 'busybox', 'entry', 'point'), 'entry point');
    assert.equal(await sh('pwd', '-w', '/made/for/this'), '/made/for/this');
    const unknown = await endpoint().docker.run(['run', '--rm', '-u', 'nobody-here', 'busybox', 'true']);
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /unable to find user nobody-here/);
  });

  test('the world of a container: pid 1, own hostname, proc, sys read-only, devices, no way out', async () => {
    const last = 'sed "s/.*: //"';
    assert.equal(await sh('echo $$; [ "$(hostname)" = "$(cat /etc/hostname)" ] && echo same; ls -d /proc/1 /dev/null /dev/pts /dev/shm'), '1\nsame\n/dev/null\n/dev/pts\n/dev/shm\n/proc/1');
    assert.equal(await sh(`touch /sys/x 2>&1 | ${last}; (echo x > /proc/sys/kernel/hostname) 2>&1 | ${last}`), 'Read-only file system\nRead-only file system');
    assert.match(await sh(`mknod /tmp/sda b 254 0; dd if=/tmp/sda of=/dev/null bs=1 count=1 2>&1 | head -n1 | ${last}; mkdir -p /mnt; mount -t tmpfs x /mnt 2>&1 | ${last}`), /^Operation not permitted\n(Operation not permitted|permission denied.*)$/i);
    assert.equal(await sh('cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware 2>/dev/null | wc -l'), '0\n0');
    assert.match(await sh('grep CapEff /proc/self/status'), /00000000a80425fb$/, 'the capabilities that Docker gives');
    assert.match(await sh('grep -E "Seccomp:|NoNewPrivs:" /proc/self/status'), /Seccomp:\t2/);
  });

  test('memory and cpu limits stand in the cgroup', async () => {
    const shown = await sh('cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true', '-m', '64m');
    assert.equal(shown, String(64 * 1024 * 1024));
  });

  test('a container that takes more memory than it may is ended, and said to be', async () => {
    const { docker } = endpoint();
    const name = uniqueName('oom');
    // The shell itself grows, so that the first process of the container is the one that is ended.
    const result = await docker.run(['run', '--name', name, '-m', '16m', '--memory-swap', '16m', 'busybox', 'sh', '-c', 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'], { timeoutMs: 60_000 });
    assert.equal(result.code, 137, result.stderr);
    assert.equal(await docker.ok('inspect', '--format', '{{.State.OOMKilled}}', name), 'true');
    await docker.ok('rm', name);
  });

  test('-v: a directory of the host, read-write and read-only', async () => {
    await using scratch = await Scratch.create('bind');
    await writeFile(scratch.file('there'), 'from the host\n');
    assert.equal(await sh('cat /mnt/there; echo from inside > /mnt/made', '-v', `${scratch.path}:/mnt`), 'from the host');
    assert.equal(await readFile(scratch.file('made'), 'utf8'), 'from inside\n');
    const refused = await endpoint().docker.run(['run', '--rm', '-v', `${scratch.path}:/mnt:ro`, 'busybox', 'touch', '/mnt/no']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Read-only file system/);
    await sh('true', '-v', `${scratch.file('created/for/it')}:/mnt`);
    await readFile(scratch.file('created/for/it')).catch((error: unknown) => { assert.equal((error as NodeJS.ErrnoException).code, 'EISDIR', 'a source that is not there is made'); });
    await writeFile(scratch.file('file'), 'a file\n');
    assert.equal(await sh('cat /etc/motd', '-v', `${scratch.file('file')}:/etc/motd`), 'a file');
  });

  test('--mount: a source that is not there is an error', async () => {
    const result = await endpoint().docker.run(['run', '--rm', '--mount', 'type=bind,source=/no/such/dir,target=/mnt', 'busybox', 'true']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /bind source path does not exist: \/no\/such\/dir/);
    assert.equal(await endpoint().docker.ok('run', '--rm', '--mount', 'type=tmpfs,target=/t', 'busybox', 'sh', '-c', 'df /t | tail -n1 | cut -d" " -f1'), 'tmpfs');
    assert.equal(await sh('grep " /t2 " /proc/mounts | cut -d" " -f1', '--tmpfs', '/t2'), 'tmpfs');
  });

  test('-v: a named volume keeps its content, and starts with what the image has there', async () => {
    const volume = uniqueName('vol');
    assert.equal(await sh('cat /etc2/motd 2>/dev/null; echo kept > /data/file; ls /data', '-v', `${volume}:/data`), 'file');
    assert.equal(await sh('cat /data/file', '-v', `${volume}:/data`), 'kept');
    assert.equal(await sh('cat /etc/motd; stat -c %a /etc', '-v', `${volume}-copy:/etc`), 'second layer\n755');
    for (const name of [volume, `${volume}-copy`]) await endpoint().api.delete(`/volumes/${name}`);
  });

  test('an anonymous volume goes with --rm', async () => {
    const count = async (): Promise<number> => (await endpoint().api.get('/volumes')).as<{ Volumes: unknown[] | null }>().Volumes?.length ?? 0;
    const before = await count();
    assert.equal(await sh('touch /data/x; ls /data', '-v', '/data'), 'x');
    assert.equal(await count(), before);
  });

  test('-d prints the id, ps shows it, logs -f follows, stop, start -a, rm', async () => {
    const { docker } = endpoint();
    const name = uniqueName('d');
    const id = await docker.ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'trap "echo bye; exit 0" TERM; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done');
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.match(await docker.ok('ps'), new RegExp(`${id.slice(0, 12)} +busybox +"sh -c 'trap.*Up .* ${name}`));
    await using logs = docker.start(['logs', '-f', name]);
    await waitUntil('the log to be followed', () => logs.stdout().includes('line 3\n'));
    assert.equal(await docker.ok('stop', '-t', '10', name), name);
    const followed = await logs.ended;
    assert.equal(followed.code, 0);
    assert.match(followed.stdout, /^line 1\nline 2\n(line \d+\n)+bye\n$/);
    assert.equal(followed.stdout, `${await docker.ok('logs', name)}\n`);
    assert.match(await docker.ok('ps', '-a', '--filter', `name=${name}`, '--format', '{{.State}} {{.Status}}'), /^exited Exited \(0\) /);
    assert.equal(await docker.ok('rm', name), name);
  });

  test('start -a shows the output and gives the exit status', async () => {
    const { docker } = endpoint();
    const name = uniqueName('a');
    await docker.ok('create', '--name', name, 'busybox', 'sh', '-c', 'echo attached; exit 4');
    const result = await docker.run(['start', '-a', name]);
    assert.deepEqual([result.code, result.stdout], [4, 'attached\n']);
    assert.equal((await docker.run(['wait', name])).stdout, '4\n');
    await docker.ok('rm', name);
  });

  test('exec: output, exit status, input, working directory, detached', async () => {
    const { docker } = endpoint();
    const name = uniqueName('x');
    await docker.ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    assert.equal(await docker.ok('exec', '-w', '/tmp', '-e', 'A=b', name, 'sh', '-c', 'pwd; echo $A'), '/tmp\nb');
    assert.equal((await docker.run(['exec', name, 'sh', '-c', 'exit 9'])).code, 9);
    assert.equal((await docker.run(['exec', '-i', name, 'wc', '-c'], { input: 'x'.repeat(100_000) })).stdout, '100000\n');
    assert.equal((await docker.run(['exec', name, 'no-such-command'])).code, endpoint().minor < 42 ? 126 : 127);
    await docker.ok('exec', '-d', name, 'touch', '/tmp/done');
    await waitUntil('the detached exec', async () => (await docker.run(['exec', name, 'test', '-e', '/tmp/done'])).code === 0);
    await docker.ok('rm', '-f', name);
  });

  test('-it: a shell on a terminal, resized, left with its exit status', async () => {
    await using terminal = await endpoint().docker.pty(['run', '-it', '--rm', 'busybox', 'sh'], { columns: 91, rows: 31 });
    await terminal.expect(PROMPT);
    terminal.type('stty size\r');
    await terminal.expect(/31 91/);
    await terminal.resize(120, 44);
    await waitUntil('the new size', async () => { terminal.type('stty size\r'); await new Promise((resolve) => setTimeout(resolve, 200)); return terminal.output.includes('44 120'); });
    terminal.type('exit 7\r');
    assert.equal(await terminal.end(), 7);
  });

  test('-it: Ctrl-C goes to the program inside', async () => {
    await using terminal = await endpoint().docker.pty(['run', '-it', '--rm', 'busybox', 'sh']);
    await terminal.expect(PROMPT);
    // The shell's own line editor takes Ctrl-C until the command runs: what the command prints says that it does.
    terminal.type("echo st''arted; sleep 1000\r");
    await terminal.expect(/started\r\n/);
    terminal.clear();
    terminal.type('\u0003');
    await terminal.expect(/\^C[\s\S]*# (?:\u001b\[\d*\w)*$/);
    terminal.type('exit\r');
    assert.equal(await terminal.end(), 130);
  });

  test('-it: detach keys leave it running, attach comes back', async () => {
    const { docker } = endpoint();
    const name = uniqueName('keys');
    {
      await using terminal = await docker.pty(['run', '-it', '--name', name, 'busybox', 'sh']);
      await terminal.expect(PROMPT);
      terminal.type('MARK=still-here\r');
      await terminal.expect(/still-here\r\n/);
      terminal.type('\u0010\u0011');
      assert.equal(await terminal.end(), 0);
    }
    assert.equal(await docker.ok('inspect', '--format', '{{.State.Running}}', name), 'true');
    {
      await using terminal = await docker.pty(['attach', name]);
      terminal.type('echo $MARK\r');
      await terminal.expect(/\nstill-here\r\n/);
      terminal.type('exit 5\r');
      assert.equal(await terminal.end(), 5);
    }
    await docker.ok('rm', name);
  });

  test('exec -it: a terminal of its own', async () => {
    const { docker } = endpoint();
    const name = uniqueName('xt');
    await docker.ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    await using terminal = await docker.pty(['exec', '-it', name, 'sh'], { columns: 77, rows: 22 });
    await terminal.expect(PROMPT);
    await waitUntil('the size', async () => { terminal.type('stty size\r'); await new Promise((resolve) => setTimeout(resolve, 200)); return terminal.output.includes('22 77'); });
    terminal.type('exit 6\r');
    assert.equal(await terminal.end(), 6);
    await docker.ok('rm', '-f', name);
  });

  test('signals of the command go to the container', async () => {
    await using running = endpoint().docker.start(['run', '--rm', 'busybox', 'sh', '-c', 'trap "echo caught; exit 33" TERM; echo ready; while :; do sleep 0.05; done']);
    await waitUntil('the trap', () => running.stdout().includes('ready'));
    running.child.kill('SIGTERM');
    const result = await within(20_000, 'the end', running.ended);
    assert.equal(result.stdout, 'ready\ncaught\n');
    // The command's own reading of such an end has changed between versions; the container's code is what counts.
    assert.ok([33, 143].includes(result.code), String(result.code));
  });

  test('kill of the command leaves the container; --rm holds all the same', async () => {
    const { docker } = endpoint();
    const name = uniqueName('orphan');
    await using running = docker.start(['run', '--rm', '--name', name, 'busybox', 'sh', '-c', 'echo ready; sleep 1000']);
    await waitUntil('it to run', () => running.stdout().includes('ready'));
    running.child.kill('SIGKILL');
    await running.ended;
    assert.equal(await docker.ok('inspect', '--format', '{{.State.Running}}', name), 'true');
    await docker.ok('kill', name);
    await waitUntil('it to go', async () => (await docker.run(['inspect', name])).code === 1);
  });

  test('what the command says of errors', async () => {
    const { docker } = endpoint();
    const name = uniqueName('said');
    await docker.ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    for (const [args, pattern] of [
      [['start', 'not-there'], /No such container: not-there/],
      [['rm', name], /cannot remove|You cannot remove a running container/],
      [['exec', 'not-there', 'true'], /No such container: not-there/],
      [['logs', 'not-there'], /No such container: not-there/],
      [['inspect', 'not-there'], /No such object: not-there/],
      [['run', '--name', name, 'busybox'], /is already in use/],
      [['kill', 'not-there'], /No such container: not-there/],
    ] as const) {
      const result = await docker.run(args);
      assert.notEqual(result.code, 0, args.join(' '));
      assert.match(result.stderr, pattern, args.join(' '));
    }
    await docker.ok('rm', '-f', name);
  });

  test('--cidfile, ls --no-trunc, inspect by a prefix', async () => {
    const { docker } = endpoint();
    await using scratch = await Scratch.create('cid');
    await mkdir(scratch.file('d'));
    const id = await docker.ok('run', '-d', '--cidfile', scratch.file('d/id'), 'busybox', 'sleep', '1000');
    assert.equal(await readFile(scratch.file('d/id'), 'utf8'), id);
    assert.ok((await docker.ok('container', 'ls', '-q', '--no-trunc')).split('\n').includes(id));
    assert.equal(await docker.ok('inspect', '--type', 'container', '--format', '{{.Path}} {{.Args}}', id.slice(0, 8)), 'sleep [1000]');
    await docker.ok('rm', '-f', id);
  });
});
