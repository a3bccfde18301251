import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { splitBuffer } from '../fixtures/frames.ts';
import { testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { API_REQUIREMENTS, TestContainer } from './endpoint.ts';

const skip = missing({ ...API_REQUIREMENTS, tools: [...API_REQUIREMENTS.tools, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || await engineMissing();

/** What only our engine promises: it may be killed at any moment, and nothing of a container is lost. */
describe('strata: the engine is killed with SIGKILL', { skip: process.env['STRATA_TEST_ONLY'] === 'dockerd' ? 'only dockerd was asked for' : skip, concurrency: false }, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;
  let docker: DockerCli;
  before(async () => {
    const images = await testImages();
    engine = cleanup.use(await Engine.start());
    docker = cleanup.use(await DockerCli.create(engine.socketPath));
    await docker.ok('load', '--quiet', '--input', images.busybox);
  }, { timeout: 180_000 });
  // Disposing checks that nothing of any container is left in the kernel.
  after(() => cleanup.disposeAsync(), { timeout: 180_000 });

  const run = async (script: string, ...options: string[]): Promise<TestContainer> => {
    const name = uniqueName('s');
    const id = await docker.ok('run', '-d', '--name', name, ...options, 'busybox', 'sh', '-c', script);
    return new TestContainer(engine.api, id, name);
  };
  const logs = async (container: TestContainer): Promise<string> => (await splitBuffer((await engine.api.get(container.at('/logs?stdout=1'))).body)).stdout.toString();

  test('a container runs on, and every line it prints is in the log exactly once', async () => {
    await using container = await run('trap "exit 21" TERM; i=0; while :; do i=$((i+1)); echo $i; [ $((i % 4)) = 0 ] && sleep 0.02; done');
    const { Pid } = (await container.inspect()).State;
    await waitUntil('the first lines', async () => (await logs(container)).includes('20\n'));
    await engine.restart('kill9');
    assert.match(await docker.ok('ps', '--format', '{{.Names}} {{.State}}'), new RegExp(`${container.name} running`));
    assert.equal((await container.inspect()).State.Pid, Pid, 'the same process');
    const before = (await logs(container)).split('\n').length;
    await waitUntil('more lines', async () => (await logs(container)).split('\n').length > before + 20);
    assert.equal((await engine.api.post(container.at('/kill?signal=TERM'))).status, 204);
    assert.equal(await container.wait(60_000), 21);
    const lines = (await logs(container)).trimEnd().split('\n');
    assert.deepEqual(lines, lines.map((_, index) => String(index + 1)));
    assert.equal((await container.inspect()).State.ExitCode, 21);
  });

  test('attach, exec, stop and follow work again on a container that was found', async () => {
    await using container = await run('trap "echo bye; exit 3" TERM; while :; do read -t 1 line && echo "got $line"; done', '-i');
    await engine.restart('kill9');
    const connection = await engine.api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'));
    connection.socket.write('hello\n');
    await within(10_000, 'an answer', (async () => { for await (const chunk of connection.socket) if ((chunk as Buffer).includes('got hello')) return; })());
    connection.socket.destroy();
    assert.equal(await docker.ok('exec', container.name, 'echo', 'exec works'), 'exec works');
    await using following = docker.start(['logs', '-f', container.name]);
    await waitUntil('the log', () => following.stdout().includes('got hello'));
    assert.equal((await engine.api.post(container.at('/stop?t=10'))).status, 204);
    assert.equal((await following.ended).stdout, 'got hello\nbye\n');
    assert.equal((await container.inspect()).State.ExitCode, 3);
  });

  test('a container that ends while there is no engine: its exit code, its end and its last words are known', async () => {
    await using container = await run('echo before; sleep 1; echo last words; exit 17');
    await waitUntil('it to run', async () => (await logs(container)).includes('before'));
    await engine.kill9();
    await sleep(1500);
    await engine.startAgain();
    assert.match(await docker.ok('ps', '-a', '--filter', `name=${container.name}`, '--format', '{{.Status}}'), /^Exited \(17\)/);
    const { State } = await container.inspect();
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 17]);
    const ran = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
    assert.ok(ran > 900 && ran < 1500, `it ran for ${String(ran)} ms: the moment of its end is that of the process`);
    assert.equal(await logs(container), 'before\nlast words\n');
    assert.equal(await container.wait(), 17);
  });

  test('--rm holds over the death of the engine', async () => {
    const container = await run('sleep 0.7', '--rm');
    await engine.kill9();
    await sleep(1000);
    await engine.startAgain();
    await waitUntil('it to go', async () => (await engine.api.get(container.at('/json'))).status === 404);
  });

  test('a terminal goes on too', async () => {
    await using container = await run('while :; do read x; echo "typed $x"; done', '-it');
    await engine.restart('kill9');
    const connection = await engine.api.hijack(container.at('/attach?stream=1&stdin=1&stdout=1'));
    connection.socket.write('word\r');
    await within(10_000, 'an answer', (async () => { for await (const chunk of connection.socket) if ((chunk as Buffer).includes('typed word')) return; })());
    connection.socket.destroy();
  });

  test('addresses of containers that run stay theirs', async () => {
    await using one = await run('sleep 1000');
    const address = (await one.inspect()).NetworkSettings.Networks['bridge']?.IPAddress;
    await engine.restart('kill9');
    await using two = await run('sleep 1000');
    assert.equal((await one.inspect()).NetworkSettings.Networks['bridge']?.IPAddress, address);
    assert.notEqual((await two.inspect()).NetworkSettings.Networks['bridge']?.IPAddress, address);
  });

  test('images and stopped containers are there after a kill', async () => {
    await using container = await run('echo kept > /kept');
    await container.wait();
    await engine.restart('kill9');
    assert.match(await docker.ok('images', '--format', '{{.Repository}}:{{.Tag}}'), /busybox:latest/);
    await container.start();
    assert.equal(await container.wait(), 0);
  });

  test('50 rounds of create, start, kill, remove with the engine killed in between leak nothing', { timeout: 300_000 }, async () => {
    const random = randomFrom(20_261_124);
    const alive: TestContainer[] = [];
    for (let round = 0; round < 50; round += 1) {
      const name = uniqueName('r');
      const reply = await engine.api.post(`/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['sh', '-c', ['exit 0', 'sleep 0.1', 'sleep 1000'][random(3)] ?? ''] });
      assert.equal(reply.status, 201, reply.text);
      const container = new TestContainer(engine.api, reply.as<{ Id: string }>().Id, name);
      alive.push(container);
      if (random(4) > 0) await container.start();
      if (random(3) === 0) await engine.api.post(container.at('/kill'));
      if (random(3) === 0) {
        const [gone] = alive.splice(random(alive.length), 1);
        const removed = await gone?.remove();
        assert.equal(removed?.status, 204, removed?.text ?? '');
      }
      if (round % 10 === 9) {
        // At any moment, also while a start and a removal are on their way.
        const [gone] = alive.splice(0, 1);
        const onTheWay = [engine.api.post(alive[0]?.at('/start') ?? '/_ping'), engine.api.delete(gone?.at('?force=1') ?? '/_ping')].map((call) => call.catch(() => undefined));
        await sleep(random(60));
        await engine.kill9();
        await Promise.all(onTheWay);
        await engine.startAgain();
        if (gone !== undefined) await gone.remove();
      }
    }
    for (const container of alive) assert.ok([204, 404].includes((await container.remove()).status));
    assert.equal(await docker.ok('ps', '-aq'), '');
    const leaks = await waitUntil('nothing to be left', async () => { const left = await engine.leaks(); return left.length === 0 ? left : undefined; }).catch(() => engine.leaks());
    assert.deepEqual(leaks, []);
  });

  test('a clean stop with a running container ends in time and leaves nothing behind but what can be found again', async () => {
    await using container = await run('trap "exit 0" TERM; while :; do sleep 0.05; done');
    await engine.restart('stop');
    const { State } = await container.inspect();
    assert.ok(['exited', 'running'].includes(State.Status), State.Status);
    await container.remove();
    assert.deepEqual(await engine.leaks(), []);
  });

  test('after a clean stop the policies say who comes again', async () => {
    const policies = ['always', 'unless-stopped', 'on-failure', 'no'] as const;
    const containers = await Promise.all(policies.map((policy) => run('sleep 1000', '--restart', policy, '--stop-timeout', '0')));
    const stopped = await run('sleep 1000', '--restart', 'unless-stopped', '--stop-timeout', '0');
    const always = await run('sleep 1000', '--restart', 'always', '--stop-timeout', '0');
    for (const container of [stopped, always]) assert.equal((await engine.api.post(container.at('/stop?t=0'))).status, 204);
    await engine.restart('stop');
    const states = async (): Promise<string[]> => Promise.all([...containers, stopped, always].map(async (container) => (await container.inspect()).State.Status));
    const expected = ['running', 'running', 'running', 'exited', 'exited', 'running'];
    await waitUntil('those whose policy says so', async () => JSON.stringify(await states()) === JSON.stringify(expected)).catch(() => undefined);
    assert.deepEqual(await states(), expected);
    for (const container of [...containers, stopped, always]) await container.remove();
  });

  test('lines that were to be sent on are sent by the next engine, in order', async () => {
    await using scratch = await Scratch.create('syslog');
    const path = scratch.file('socket');
    const received: Buffer[] = [];
    await using server = createServer((socket) => { socket.on('data', (data: Buffer) => { received.push(data); }); });
    server.listen(path);
    await once(server, 'listening');
    await using container = await run('echo first; read a; echo second; read a; echo third', '-i', '--log-driver', 'syslog', '--log-opt', `syslog-address=unix://${path}`, '--log-opt', 'syslog-format=rfc5424');
    const texts = (): string[] => [...new Set(Buffer.concat(received).toString().trimEnd().split('\n').map((line) => line.replace(/^.* - /, '')))];
    await waitUntil('the first line', () => texts().includes('first'));
    const input = await engine.api.hijack(container.at('/attach?stream=1&stdin=1'));
    await engine.kill9();
    input.socket.destroy();
    await engine.startAgain();
    const again = await engine.api.hijack(container.at('/attach?stream=1&stdin=1'));
    again.socket.write('x\n');
    await waitUntil('the second line', () => texts().includes('second'));
    again.socket.write('x\n');
    assert.equal(await container.wait(60_000), 0);
    assert.deepEqual(texts(), ['first', 'second', 'third']);
    again.socket.destroy();
  });

  test('json-file goes on in docker\'s format', async () => {
    await using container = await run('echo before; read a; echo after', '-i', '--log-driver', 'json-file', '--label', 'k=v', '--log-opt', 'labels=k');
    await waitUntil('the first line', async () => (await logs(container)) === 'before\n');
    await engine.restart('kill9');
    const input = await engine.api.hijack(container.at('/attach?stream=1&stdin=1'));
    input.socket.write('x\n');
    assert.equal(await container.wait(60_000), 0);
    input.socket.destroy();
    const lines = (await readFile((await container.inspect()).LogPath, 'utf8')).trimEnd().split('\n').map((line) => line.replace(/,"time":.*/, ''));
    assert.deepEqual(lines, ['before', 'after'].map((text) => String.raw`{"log":"${text}\n","stream":"stdout","attrs":{"k":"v"}`));
  });

  test('a check of health that was under way is ended, and checks go on', async () => {
    const check = 'echo $$ >> /checks; sleep 1000';
    await using container = await run('touch /checks; sleep 10000', '--health-cmd', check, '--health-interval', '1s', '--health-timeout', '900s');
    const checks = async (): Promise<number> => Number(await docker.ok('exec', container.name, 'sh', '-c', 'wc -l < /checks'));
    const sleepers = async (): Promise<number> => Number(await docker.ok('exec', container.name, 'sh', '-c', 'ps | grep -c "[s]leep 1000$"'));
    await waitUntil('a check', async () => (await checks()) === 1);
    await engine.restart('kill9');
    await waitUntil('the next check', async () => (await checks()) === 2);
    await waitUntil('the end of the first', async () => (await sleepers()) === 1);
  });
});

/** The same numbers every time. Source: Numerical Recipes, the quick and dirty generator. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
