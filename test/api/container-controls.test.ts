import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import type { ContainerWaitResponse } from '../../src/api/wire/container.ts';
import type { OpenReply } from '../fixtures/http.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil, within } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type TestContainer } from './endpoint.ts';

const TRAP_ALL = 'i=1; while [ $i -le 64 ]; do trap "echo got $i" $i 2>/dev/null; i=$((i+1)); done; echo ready; while :; do sleep 0.05; done';

onEveryEndpoint('containers: signals, names, waits, removal', (endpoint) => {
  let running: TestContainer;
  before(async () => { running = await endpoint().started({ Cmd: ['sleep', '10000'] }, uniqueName('runs')); });
  after(() => running.remove());

  const readBody = async (reply: OpenReply): Promise<ContainerWaitResponse> => JSON.parse((await within(20_000, 'the body of wait', buffer(reply.body))).toString('utf8')) as ContainerWaitResponse;

  test('signals by name, number and place among the real-time ones', async () => {
    const { api } = endpoint();
    await using container = await endpoint().started({ Cmd: ['sh', '-c', TRAP_ALL] });
    const logs = async (): Promise<string> => (await api.get(container.at('/logs?stdout=1'))).text;
    await waitUntil('the traps', async () => (await logs()).includes('ready'));
    for (const [signal, number] of [
      ['SIGUSR1', 10], ['usr2', 12], ['sigwinch', 28], ['18', 18], ['015', 15], ['CLD', 17], ['POLL', 29], ['URG', 23], ['RTMIN', 34], ['SIGRTMIN+3', 37], ['rtmax-1', 63], ['SIGRTMAX', 64], ['SYS', 31],
    ] as const) {
      const reply = await api.post(container.at(`/kill?signal=${encodeURIComponent(signal)}`));
      assert.deepEqual([reply.status, reply.text], [204, ''], signal);
      await waitUntil(`signal ${signal}`, async () => (await logs()).includes(`got ${String(number)}\n`));
    }
    assert.equal((await container.inspect()).State.Running, true);
  });

  test('what is no signal is refused, whoever it is for; and who does not run gets none', async () => {
    const { api } = endpoint();
    for (const signal of ['0', 'NOPE', 'SIG9', 'RTMIN+99', '1.5', ' 15', '0x0f', 'EMT']) {
      for (const path of [running.at('/kill'), '/containers/nobody/kill']) {
        const reply = await api.post(`${path}?signal=${encodeURIComponent(signal)}`);
        assert.deepEqual([reply.status, reply.message.toLowerCase()], [400, `invalid signal: ${signal.toLowerCase()}`], path);
      }
    }
    // 20.10 only finds out in the kernel.
    for (const signal of ['65', '-1', '100']) assertBadRequest(endpoint(), await api.post(running.at(`/kill?signal=${signal}`)), signal);
    await using never = await endpoint().container({});
    for (const query of ['', '?signal=HUP']) assert.equal((await api.post(never.at(`/kill${query}`))).status, 409);
  });

  test('a frozen container ends by its stop signal and by a kill, and stop wakes it', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'] });
    for (const [path, code] of [['/kill?signal=TERM', 5], ['/kill', 137], ['/stop?t=10', 5], ['/restart?t=10', 5]] as const) {
      const since = (await container.inspect()).State.StartedAt;
      await container.start();
      await waitUntil('the trap', async () => (await api.get(container.at('/logs?stdout=1&tail=1'))).text.includes('ready') && (await container.inspect()).State.StartedAt !== since);
      await waitUntil('its shell to be there', async () => (await api.get(container.at('/top'))).text.includes('sleep 0.05'));
      assert.equal((await api.post(container.at('/pause'))).status, 204);
      const ended = api.open('POST', container.at('/wait?condition=next-exit'));
      const waiting = await ended;
      assert.equal((await api.post(container.at(path))).status, 204, path);
      assert.equal((await readBody(waiting)).StatusCode, code, path);
    }
    assert.equal((await container.inspect()).State.Status, 'running', 'it was restarted');
  });

  test('pause and unpause in the wrong state', async () => {
    const { api } = endpoint();
    await using container = await endpoint().started({ Cmd: ['sleep', '10000'] });
    await using never = await endpoint().container({});
    assert.equal((await api.post(never.at('/pause'))).status, 409);
    assert.equal((await api.post(container.at('/pause'))).status, 204);
    const again = await api.post(container.at('/pause'));
    assert.deepEqual([again.status, again.message], [409, `Container ${container.id} is already paused`]);
    const exec = await api.post(container.at('/exec'), { Cmd: ['true'] });
    assert.equal(exec.status, 409);
    assert.match(exec.message, /is paused, unpause the container before exec/);
    // As the specification has it, dockerd can start what is frozen no more than what runs.
    assert.equal((await api.post(container.at('/start'))).status, 409);
    assert.equal((await api.delete(container.at(''))).status, 409);
    assert.equal((await api.get(container.at('/top'))).status, 200);
    assert.equal((await api.post(container.at('/unpause'))).status, 204);
    for (const each of [container, never]) {
      const reply = await api.post(each.at('/unpause'));
      // dockerd takes it for a fault of its own.
      assert.equal(reply.status, endpoint().kind === 'strata' ? 409 : 500);
      assert.equal(reply.message, `Container ${each.id} is not paused`);
    }
  });

  test('stop: times and signals that are none; nothing happens', async () => {
    const { api, minor } = endpoint();
    for (const t of ['x', '1.5', '0x1']) assertBadRequest(endpoint(), await api.post(running.at(`/stop?t=${t}`)), t);
    await using never = await endpoint().container({});
    for (const query of ['', '?t=-1', '?t=0', '?signal=NOPE', '?signal=KILL']) assert.equal((await api.post(never.at(`/stop${query}`))).status, 304, query);
    if (minor >= 42) {
      const refused = await api.post(running.at('/stop?signal=NOPE'));
      assert.deepEqual([refused.status, refused.message], [400, 'invalid signal: NOPE']);
    }
    assert.equal((await running.inspect()).State.Running, true);
  });

  test('stop without end waits; its signal counts from API 1.42 on', async () => {
    const { api, minor } = endpoint();
    await using container = await endpoint().container({ Cmd: ['sh', '-c', 'trap "exit 5" TERM; trap "exit 6" USR1; echo ready; while :; do sleep 0.05; done'] });
    for (const [version, query, code] of [[minor, 't=-1', 5], [41, 't=10&signal=USR1', 5], ...(minor >= 42 ? [[minor, 't=-1&signal=USR1', 6] as const, [minor, 't=10&signal=12', 6] as const] : [])] as const) {
      await container.start();
      await waitUntil('its shell to be there', async () => (await api.get(container.at('/top'))).text.includes('sleep 0.05'));
      const signal = query.endsWith('=12') ? 'usr1' : undefined;
      assert.equal((await api.post(`/v1.${String(version)}${container.at(`/stop?${signal === undefined ? query : `t=10&signal=${signal}`}`)}`)).status, 204, query);
      assert.equal((await container.inspect()).State.ExitCode, code, `${query} at 1.${String(version)}`);
    }
  });

  test('rename: what is refused, and that both names are where they belong', async () => {
    const { api } = endpoint();
    const [first, second] = [uniqueName('one'), uniqueName('two')];
    await using container = await endpoint().container({}, first);
    const rename = (name: string): Promise<{ status: number; text: string }> => api.post(container.at(`/rename?name=${encodeURIComponent(name)}`));
    for (const [name, status, says] of [
      ['', 400, /neither old nor new names may be empty/i], [first, 400, /renaming a container with the same name as its current name/i], [`/${first}`, 400, /same name as its current name/i],
      [running.name, 409, /error when allocating new name: Conflict\. The container name "\/\S+" is already in use by container "?[0-9a-f]{64}"?\. You have to remove \(or rename\) that container to be able to reuse that name\./i],
      ['-x', 400, /error when allocating new name: Invalid container name \(\/?-x\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/i], ['x', 400, /invalid container name/i], ['x y', 400, /invalid container name/i], ['//xx', 400, /invalid container name/i],
      ['/', 400, /invalid container name/i],
    ] as const) {
      const reply = await rename(name);
      assert.equal(reply.status, status, `${name}: ${reply.text}`);
      assert.match((JSON.parse(reply.text) as { message: string }).message, says, name);
    }
    assert.equal((await container.inspect()).Name, `/${first}`);
    assert.equal((await rename(`/${second}`)).status, 204);
    assert.equal((await api.get(`/containers/${second}/json`)).as<{ Id: string }>().Id, container.id);
    assert.equal((await api.get(`/containers/${first}/json`)).status, 404);
    await using heir = await endpoint().container({}, first);
    assert.equal((await api.get(`/containers/${first}/json`)).as<{ Id: string }>().Id, heir.id);
    assert.equal((await api.post(`/containers/nobody/rename?name=${uniqueName('three')}`)).status, 404);
    assertBadRequest(endpoint(), await api.post('/containers/nobody/rename?name='));
  });

  for (const [condition, what] of [['not-running', 'removal'], ['next-exit', 'removal'], ['removed', 'removal'], ['next-exit', 'removal of one that never ran'], ['not-running', 'restart'], ['removed', 'restart, then removal']] as const) {
    test(`wait for ${condition} over a ${what}`, async () => {
      const { api } = endpoint();
      await using container = await endpoint().container({ Cmd: ['sleep', '10000'] });
      const runs = !what.includes('never');
      if (runs) await container.start();
      const waiting = await within(5000, 'the head of wait', api.open('POST', container.at(`/wait?condition=${condition}`)));
      assert.equal(waiting.status, 200);
      if (what.startsWith('restart')) assert.equal((await api.post(container.at('/restart?t=0'))).status, 204);
      if (what.includes('removal')) assert.equal((await container.remove()).status, 204);
      assert.equal((await readBody(waiting)).StatusCode, runs ? 137 : 0);
      if (condition === 'removed') assert.equal((await api.get(container.at('/json'))).status, 404);
    });
  }

  test('before API 1.30 a condition is not read; before 1.42 there is always an error field', async () => {
    const { api } = endpoint();
    await using never = await endpoint().container({});
    for (const condition of ['removed', 'next-exit', 'whatever']) {
      const reply = await api.post(`/v1.24${never.at(`/wait?condition=${condition}`)}`, undefined, { timeoutMs: 10_000 });
      assert.deepEqual([reply.status, reply.text], [200, '{"Error":null,"StatusCode":0}\n'], condition);
    }
  });

  test('one that its policy starts again is restarting at once, ends a wait each time, and can be removed in between', async () => {
    const { api } = endpoint();
    const name = uniqueName('again');
    for (let round = 0; round < 4; round += 1) {
      await using container = await endpoint().started({ Cmd: ['sh', '-c', 'exit 3'], HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } } }, name);
      assert.equal((await api.post(container.at('/wait?condition=next-exit'), undefined, { timeoutMs: 20_000 })).as<ContainerWaitResponse>().StatusCode, 3);
      if (endpoint().kind === 'dockerd') {
        // 20.10 may answer that what it is about to kill does not run.
        await waitUntil('its removal', async () => [204, 404].includes((await container.remove()).status));
        continue;
      }
      assert.notEqual((await container.inspect()).State.Status, 'exited');
      assert.equal((await container.remove()).status, 204);
      assert.equal((await api.get(container.at('/json'))).status, 404);
      assert.equal((await api.get(`/containers/${name}/json`)).status, 404);
    }
  });

  test('links: their removal, and what is none', async () => {
    const { api } = endpoint();
    await using parent = await endpoint().container({ HostConfig: { Links: [`${running.name}:alias`] } });
    const link = `/containers/${parent.name}/alias?link=1`;
    assert.equal((await api.delete(link)).status, 204);
    assert.equal((await api.delete(link)).status, 404);
    assert.equal((await api.delete('/containers/nobody?link=1')).status, 404);
    const own = await api.delete(parent.at('?link=1&force=1'));
    assertBadRequest(endpoint(), own);
    assert.match(own.message, /Conflict, cannot remove the default link name of the container/);
    assert.equal((await parent.inspect()).HostConfig.Links, null);
  });

  test('prune: by label, by age, and what is no filter of it', async () => {
    const { api } = endpoint();
    const prune = (filters: object): Promise<{ status: number; text: string }> => api.post(`/containers/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`);
    const pruned = async (filters: object): Promise<{ ids: string[]; bytes: number }> => {
      const reply = await prune(filters);
      assert.equal(reply.status, 200, reply.text);
      const { ContainersDeleted, SpaceReclaimed } = JSON.parse(reply.text) as { ContainersDeleted: string[] | null; SpaceReclaimed: number };
      return { ids: (ContainersDeleted ?? []).toSorted(), bytes: SpaceReclaimed };
    };
    const mark = uniqueName('mark');
    await using one = await endpoint().started({ Cmd: ['sh', '-c', 'head -c 5000 /dev/zero > /f'], Labels: { mark, which: 'one' } });
    await using two = await endpoint().container({ Labels: { mark, which: 'two' } });
    await using three = await endpoint().container({ Labels: { mark, which: 'three' } });
    await one.wait();
    for (const filters of [{ until: ['x'] }, { until: [''] }, { until: ['1d'] }, { until: ['1h', '2h'] }, { bogus: ['x'] }, { dangling: ['true'] }]) {
      const reply = await prune(filters);
      assert.ok(reply.status === 400 || (reply.status === 500 && endpoint().minor < 42), `${JSON.stringify(filters)}: ${reply.text}`);
    }
    for (const until of ['1h', '1h30m', '2020-01-01', '2020-01-01T00:00:00', '2020-01-01T00:00:00Z', '1600000000', '1600000000.5']) assert.deepEqual(await pruned({ label: [`mark=${mark}`], until: [until] }), { ids: [], bytes: 0 }, until);
    assert.deepEqual(await pruned({ label: [`mark=${mark}`], 'label!': ['keep'], until: ['2h'] }), { ids: [], bytes: 0 });
    assert.deepEqual(await pruned({ label: [`mark=${mark}`, 'which=three'], 'label!': ['which=two'] }), { ids: [three.id], bytes: 0 });
    assert.deepEqual(await pruned({ label: [`mark=${mark}`], 'label!': ['mark'] }), { ids: [], bytes: 0 });
    assert.deepEqual(await pruned({ label: [`mark=${mark}`], until: ['-1h'] }), { ids: [one.id, two.id].toSorted(), bytes: 5000 });
    assert.equal((await running.inspect()).State.Running, true);
  });

  test('top: the columns that ps was asked for, and what ps does not know', async () => {
    const { api } = endpoint();
    const top = async (ps: string): Promise<{ Titles: string[]; Processes: string[][] | null }> => {
      const reply = await api.get(running.at(`/top?ps_args=${encodeURIComponent(ps)}`));
      assert.equal(reply.status, 200, `${ps}: ${reply.text}`);
      return reply.as();
    };
    assert.deepEqual((await top('')).Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    assert.deepEqual((await top('aux')).Titles.slice(0, 2), ['USER', 'PID']);
    const pid = String((await running.inspect()).State.Pid);
    assert.deepEqual(await top('-eo pid,args'), { Titles: ['PID', 'COMMAND'], Processes: [[pid, 'sleep 10000']] });
    assert.deepEqual((await top('-C sleep -o pid')).Processes, [[pid]]);
    // ps finds others: none of this container.
    assert.equal((await top('-p 1')).Processes?.length ?? 0, 0);
    for (const [ps, says] of [['--bogus', /^ps: error: unknown gnu long option$/], ['; id', /^ps: error: garbage option$/], ['$(id)', /^ps: error: garbage option$/], ['-o comm', /Couldn't find PID field in ps output/], ['-o pid=', /./], ['-o pid --no-headers', /./]] as const) {
      const reply = await api.get(running.at(`/top?ps_args=${encodeURIComponent(ps)}`));
      assert.ok(reply.status === 500 || reply.status === 400, ps);
      assert.match(reply.message, says, ps);
    }
    assert.ok((await api.get(running.at('/top?ps_args=%00'))).status >= 400);
    await using never = await endpoint().container({});
    assert.equal((await api.get(never.at('/top'))).status, 409);
    assert.equal((await api.get('/containers/nobody/top')).status, 404);
  });
});
