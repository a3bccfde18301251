import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { STRATA } from './strata-command.ts';

const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...IMAGE_TOOLS, 'script', 'stty'] });

/** `strata` on a terminal of its own, against a stock engine. */
describe('strata on a terminal', { skip, timeout: 300_000 }, () => {
  const open = new AsyncDisposableStack();
  let strata: DockerCli;
  let socketPath = '';

  before(async () => {
    const engine = open.use(await Dockerd.start());
    socketPath = engine.socketPath;
    strata = open.use(await DockerCli.create(engine.socketPath, STRATA));
    await strata.ok('load', '-q', '-i', (await testImages()).busybox);
  });
  after(() => open.disposeAsync());

  test('a shell: echo, the size and its changes, Ctrl-C, the exit status', async () => {
    await using pty = await strata.pty(['run', '-it', '--rm', 'busybox', 'sh'], { columns: 91, rows: 33 });
    await pty.expect(/\/ #/, 60_000);
    pty.type('stty size\n');
    await pty.expect(/33 91/);
    await pty.resize(100, 40);
    pty.clear();
    pty.type('sleep 0.3; stty size\n');
    await pty.expect(/40 100/);
    pty.clear();
    pty.type('sleep 100\n');
    await pty.expect(/sleep 100/);
    pty.type('\u0003');
    await pty.expect(/\/ #/);
    pty.type('exit 5\n');
    assert.equal(await pty.end(60_000), 5);
  });

  test('detach keys leave the container running; attach and exec join it', async () => {
    await using pty = await strata.pty(['run', '-it', '--name', 'kept', 'busybox', 'sh']);
    await pty.expect(/\/ #/, 60_000);
    pty.type('X=remembered\n');
    pty.type('\u0010\u0011');
    assert.equal(await pty.end(60_000), 0);
    assert.equal(await strata.ok('inspect', '-f', '{{.State.Status}}', 'kept'), 'running');
    await using again = await strata.pty(['attach', 'kept']);
    again.type('\n');
    await again.expect(/\/ #/, 60_000);
    again.type('echo [$X]\n');
    await again.expect(/\[remembered\]/);
    again.type('\u0010\u0011');
    assert.equal(await again.end(60_000), 1);
    await using exec = await strata.pty(['exec', '-it', 'kept', 'sh', '-c', 'tty; exit 6']);
    assert.equal(await exec.end(60_000), 6);
    assert.match(exec.output, /\/dev\/pts\/\d/);
    await strata.ok('rm', '-f', 'kept');
  });

  test('without a terminal: streams apart, input to its end, signals passed on, a closed reader', async () => {
    const parts = await strata.run(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'line\n' });
    assert.deepEqual([parts.code, parts.stdout, parts.stderr], [3, 'line\n', 'err\n']);
    await using running = strata.start(['run', '--rm', 'busybox', 'sh', '-c', 'trap "echo got TERM; exit 4" TERM; echo ready; while :; do sleep 0.1; done']);
    while (!running.stdout().includes('ready')) await new Promise((resolve) => { setTimeout(resolve, 50); });
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    assert.deepEqual([ended.code, ended.stdout], [4, 'ready\ngot TERM\n']);
    const { stdout, stderr } = await exec('sh', ['-c', `${STRATA.join(' ')} -H unix://${socketPath} run --rm busybox yes | head -1`], { timeoutMs: 60_000 });
    assert.deepEqual([stdout, stderr], ['y\n', '']);
  });
});
