import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import type { ContainerWaitResponse } from '../../src/api/wire/container.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

onEveryEndpoint('containers: start, stop, kill, wait, restart', (endpoint) => {
  for (const code of [0, 3, 255]) {
    test(`exit code ${String(code)} is told by wait and by inspect`, async () => {
      await using container = await endpoint().started({ Cmd: ['sh', '-c', `exit ${String(code)}`] });
      assert.equal(await container.wait(), code);
      assert.equal((await container.inspect()).State.ExitCode, code);
    });
  }

  test('start of a running container is 304, start of an ended one runs it again', async () => {
    const { api } = endpoint();
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo again >> /count; wc -l < /count; read x'], OpenStdin: true });
    const again = await api.post(container.at('/start'));
    assert.deepEqual([again.status, again.text], [304, '']);
    const printed = (line: string): Promise<string> => waitUntil(`the container to print ${line}`, async () => {
      const text = (await api.get(container.at('/logs?stdout=1'))).text;
      return text.includes(`${line}\n`) ? text : undefined;
    });
    await printed('1');
    await api.post(container.at('/kill'));
    await container.wait();
    await container.start();
    const logs = await printed('2');
    assert.match(logs, /1\n.*2\n$/s, 'the same file system as before');
  });

  test('wait sends its head before the end, and the code at the end', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'read x; exit 9'], OpenStdin: true });
    const waiting = await within(5000, 'the head of wait', endpoint().api.open('POST', container.at('/wait')));
    assert.equal(waiting.status, 200);
    assert.match(waiting.headers['content-type'] ?? '', /^application\/json/);
    const connection = await endpoint().api.hijack(container.at('/attach?stdin=1&stream=1'));
    connection.socket.end('x\n');
    const body = JSON.parse((await buffer(waiting.body)).toString('utf8')) as ContainerWaitResponse;
    assert.equal(body.StatusCode, 9);
    assert.ok(body.Error === undefined || body.Error === null);
    connection.socket.destroy();
  });

  test('wait with next-exit waits for a container that is not started yet', async () => {
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'exit 6'] });
    const waiting = await within(5000, 'the head of wait', endpoint().api.open('POST', container.at('/wait?condition=next-exit')));
    await container.start();
    assert.equal((JSON.parse((await buffer(waiting.body)).toString('utf8')) as ContainerWaitResponse).StatusCode, 6);
  });

  test('wait with not-running answers at once for one that does not run', async () => {
    await using container = await endpoint().container({ Cmd: ['true'] });
    const reply = await endpoint().api.post(container.at('/wait?condition=not-running'), undefined, { timeoutMs: 5000 });
    assert.equal(reply.as<ContainerWaitResponse>().StatusCode, 0);
  });

  test('wait with removed answers when the container is gone', async () => {
    const { api } = endpoint();
    const container = await endpoint().container({ Cmd: ['sh', '-c', 'exit 2'], HostConfig: { AutoRemove: true } });
    const waiting = await api.open('POST', container.at('/wait?condition=removed'));
    await container.start();
    assert.equal((JSON.parse((await buffer(waiting.body)).toString('utf8')) as ContainerWaitResponse).StatusCode, 2);
    assert.equal((await api.get(container.at('/json'))).status, 404);
  });

  test('an unknown wait condition is 400', async () => {
    await using container = await endpoint().container({});
    const reply = await endpoint().api.post(container.at('/wait?condition=never'));
    // 20.10 takes what it does not know for not-running.
    if (endpoint().minor < 42) return;
    assert.equal(reply.status, 400);
    assert.match(reply.message, /invalid condition: "never"/);
  });

  test('stop sends SIGTERM and waits', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done'] });
    await waitUntil('the trap', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
    const reply = await endpoint().api.post(container.at('/stop?t=10'));
    assert.equal(reply.status, 204);
    const { State } = await container.inspect();
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 42]);
  });

  test('stop kills after its time: 137', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'] });
    await waitUntil('the trap', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
    const startedAt = performance.now();
    assert.equal((await endpoint().api.post(container.at('/stop?t=1'))).status, 204);
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(seconds > 0.9 && seconds < 6, `took ${String(seconds)} s`);
    assert.equal((await container.inspect()).State.ExitCode, 137);
  });

  test('stop of one that does not run is 304', async () => {
    await using container = await endpoint().started({ Cmd: ['true'] });
    await container.wait();
    assert.equal((await endpoint().api.post(container.at('/stop'))).status, 304);
  });

  test('stop uses the signal of the container', async () => {
    await using container = await endpoint().started({ StopSignal: 'SIGUSR1', Cmd: ['sh', '-c', 'trap "exit 11" USR1; echo ready; while :; do sleep 0.05; done'] });
    await waitUntil('the trap', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
    await endpoint().api.post(container.at('/stop?t=10'));
    assert.equal((await container.inspect()).State.ExitCode, 11);
  });

  for (const [signal, code] of [['', 137], ['SIGKILL', 137], ['9', 137], ['TERM', 99], ['SIGUSR1', 98]] as const) {
    test(`kill with ${signal === '' ? 'no signal' : signal} ends it with ${String(code)}`, async () => {
      await using container = await endpoint().started({ Cmd: ['sh', '-c', 'trap "exit 99" TERM; trap "exit 98" USR1; echo ready; while :; do sleep 0.05; done'] });
      await waitUntil('the traps', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
      assert.equal((await endpoint().api.post(container.at(`/kill${signal === '' ? '' : `?signal=${signal}`}`))).status, 204);
      assert.equal(await container.wait(), code);
    });
  }

  test('kill of one that does not run is 409; a signal that does not exist is refused', async () => {
    const { api } = endpoint();
    await using stopped = await endpoint().container({ Cmd: ['true'] });
    const refused = await api.post(stopped.at('/kill'));
    assert.equal(refused.status, 409);
    assert.match(refused.message, new RegExp(`cannot kill container: \\S+: container ${stopped.id} is not running`, 'i'));
    await using running = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const bad = await api.post(running.at('/kill?signal=SIGNOPE'));
    assert.equal(bad.status, 400, bad.text);
    assert.match(bad.message, /invalid signal: SIGNOPE/i);
    assert.equal((await running.inspect()).State.Running, true);
  });

  test('restart of a running container starts it again', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'] });
    await waitUntil('the trap', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
    const before = await container.inspect();
    assert.equal((await endpoint().api.post(container.at('/restart?t=5'))).status, 204);
    const after = await container.inspect();
    assert.equal(after.State.Running, true);
    assert.notEqual(after.State.StartedAt, before.State.StartedAt);
    assert.notEqual(after.State.Pid, before.State.Pid);
  });

  test('a command that is not there: start is refused with its name, exit code 127, and the container stays', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({ Cmd: ['no-such-command'] });
    const reply = await api.post(container.at('/start'));
    assert.ok(reply.status === 400 || reply.status === 404, String(reply.status));
    assert.match(reply.message, /no-such-command.*(executable file )?not found/is);
    const { State } = await container.inspect();
    assert.deepEqual([State.Status, State.Running, State.ExitCode], ['created', false, 127]);
    assert.match(State.Error, /no-such-command/);
  });

  test('a command that cannot be executed: 126', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({ Cmd: ['/etc/motd'] });
    const reply = await api.post(container.at('/start'));
    assert.ok(reply.status === 400 || reply.status === 500, String(reply.status));
    assert.match(reply.message, /permission denied/i);
    assert.equal((await container.inspect()).State.ExitCode, 126);
  });

  test('what a container writes stays until it is removed; a new one starts from the image', async () => {
    await using first = await endpoint().started({ Cmd: ['sh', '-c', 'test -e /mark && exit 1; touch /mark'] });
    assert.equal(await first.wait(), 0);
    await first.start();
    assert.equal(await first.wait(), 1);
    await using second = await endpoint().started({ Cmd: ['test', '-e', '/mark'] });
    assert.equal(await second.wait(), 1);
  });

  test('auto-remove removes by itself', async () => {
    const container = await endpoint().started({ Cmd: ['true'], HostConfig: { AutoRemove: true } });
    await waitUntil('the container to go', async () => (await endpoint().api.get(container.at('/json'))).status === 404);
  });

  test('ten at once', async () => {
    const codes = await Promise.all(Array.from({ length: 10 }, async (_, index) => {
      await using container = await endpoint().started({ Cmd: ['sh', '-c', `exit ${String(index)}`] });
      return await container.wait(60_000);
    }));
    assert.deepEqual(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a container that ends at once is not lost', async () => {
    for (let round = 0; round < 5; round += 1) {
      await using container = await endpoint().started({ Cmd: ['true'] });
      assert.equal(await container.wait(10_000), 0);
      await sleep(1);
    }
  });
});
