import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type TestContainer } from './endpoint.ts';

const failing = (name: string, retries = 0, script = 'exit 3') => ({ Cmd: ['sh', '-c', script], HostConfig: { RestartPolicy: { Name: name, MaximumRetryCount: retries } } });

async function settled(container: TestContainer): Promise<{ count: number; code: number }> {
  return waitUntil('its end', async () => {
    const { State: state, RestartCount: count } = await container.inspect();
    return state.Status === 'exited' ? { count, code: state.ExitCode } : undefined;
  }, { timeoutMs: 30_000 });
}

onEveryEndpoint('restart policies', (endpoint) => {
  test('on-failure: as often as it says, then no more; a start by hand begins anew', async () => {
    await using container = await endpoint().started(failing('on-failure', 2));
    await waitUntil('two restarts', async () => (await container.inspect()).RestartCount === 2);
    assert.deepEqual(await settled(container), { count: 2, code: 3 });
    await container.start();
    await waitUntil('two restarts', async () => (await container.inspect()).RestartCount === 2);
    assert.deepEqual(await settled(container), { count: 2, code: 3 });
  });

  test('on-failure: not after success', async () => {
    await using container = await endpoint().started(failing('on-failure', 0, 'exit 0'));
    assert.deepEqual(await settled(container), { count: 0, code: 0 });
  });

  for (const name of ['always', 'unless-stopped']) {
    test(`${name}: also after success, until it is stopped by hand; killed is stopped`, async () => {
      const script = 'test -e /ran && exec sleep 1000; touch /ran';
      await using container = await endpoint().started(failing(name, 0, script));
      const running = (): Promise<boolean> => waitUntil('its second run', async () => {
        const { State: state, RestartCount: count } = await container.inspect();
        return state.Running && !state.Restarting && count === 1;
      });
      await running();
      assert.equal((await endpoint().api.post(container.at('/stop?t=0'))).status, 204);
      assert.equal((await settled(container)).code, 137);
      await container.start();
      assert.equal((await container.inspect()).RestartCount, 0);
      assert.equal((await endpoint().api.post(container.at('/kill'))).status, 204);
      assert.equal((await settled(container)).code, 137);
    });
  }

  test('it goes on when its process is killed by others', async () => {
    await using container = await endpoint().started(failing('always', 0, 'sleep 1000'));
    const { Pid: pid } = (await container.inspect()).State;
    process.kill(pid, 'SIGKILL');
    await waitUntil('another process', async () => {
      const { State: state, RestartCount: count } = await container.inspect();
      return state.Running && state.Pid !== pid && state.Pid !== 0 && count === 1;
    });
  });

  test('another policy holds from the next end on', async () => {
    await using container = await endpoint().started(failing('always'));
    await waitUntil('a restart', async () => (await container.inspect()).RestartCount >= 1);
    // In the moment between two runs there is nothing to be updated.
    await waitUntil('the update', async () => (await endpoint().api.post(container.at('/update'), { RestartPolicy: { Name: 'no' } })).status === 200);
    assert.equal((await settled(container)).code, 3);
  });

  test('what cannot be is refused', async () => {
    const cases: [object, RegExp][] = [
      [{ RestartPolicy: { Name: 'always' }, AutoRemove: true }, /^can't create 'AutoRemove' container with restart policy$/],
      [{ RestartPolicy: { Name: 'sometimes' } }, /^invalid restart policy '?sometimes'?/],
      [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } }, /^maximum retry count cannot be used with restart policy 'always'$/],
      [{ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } }, /^maximum retry count cannot be negative$/],
    ];
    for (const [host, text] of cases) {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', HostConfig: host });
      assertBadRequest(endpoint(), reply, JSON.stringify(host));
      assert.match(reply.message, text);
    }
  });
});
