import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { test } from 'node:test';
import type { ContainerSummary } from '../../src/api/wire/container.ts';
import type { Reply } from '../fixtures/http.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { assertBadRequest, onEveryEndpoint, type Endpoint } from './endpoint.ts';

const list = async ({ api }: Endpoint, query: string, filters?: object): Promise<ContainerSummary[]> => {
  const reply = await api.get(`/containers/json?${query}${filters === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify(filters))}`}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ContainerSummary[]>();
};

onEveryEndpoint('containers: create, inspect, list, remove', (endpoint) => {
  test('create answers with an id and no warnings', async () => {
    const { api } = endpoint();
    const name = uniqueName('create');
    const reply = await api.post(`/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['true'] });
    assert.equal(reply.status, 201);
    const { Id, Warnings } = reply.as<{ Id: string; Warnings: string[] | null }>();
    assert.match(Id, /^[0-9a-f]{64}$/);
    assert.deepEqual(Warnings ?? [], []);
    assert.equal((await api.delete(`/containers/${Id}`)).status, 204);
  });

  test('a container without a name gets one', async () => {
    const { api } = endpoint();
    const { Id } = (await api.post('/containers/create', { Image: 'busybox' })).as<{ Id: string }>();
    const inspected = (await api.get(`/containers/${Id}/json`)).as<{ Name: string }>();
    assert.match(inspected.Name, /^\/[a-z0-9]+_[a-z0-9]+/);
    await api.delete(`/containers/${Id}`);
  });

  test('inspect of a created container shows what was asked for', async () => {
    await using container = await endpoint().container({
      Cmd: ['echo', 'a b'], Env: ['A=1', 'B=x=y'], WorkingDir: '/tmp', User: 'app', Labels: { one: '1', two: '' }, Hostname: 'box', StopSignal: 'SIGINT',
      HostConfig: { Binds: ['/usr/share:/mnt:ro'], Memory: 64 * 1024 * 1024, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, CapAdd: ['NET_ADMIN'] },
    });
    const shown = await container.inspect();
    assert.equal(shown.Id, container.id);
    assert.equal(shown.Name, `/${container.name}`);
    assert.equal(shown.State.Status, 'created');
    assert.deepEqual([shown.State.Running, shown.State.Pid, shown.State.ExitCode, shown.State.Error], [false, 0, 0, '']);
    assert.equal(shown.State.StartedAt, '0001-01-01T00:00:00Z');
    assert.deepEqual([shown.Path, shown.Args], ['echo', ['a b']]);
    assert.match(shown.Image, /^sha256:[0-9a-f]{64}$/);
    assert.equal(shown.Config.Image, 'busybox');
    assert.deepEqual(shown.Config.Env?.slice(0, 2), ['A=1', 'B=x=y']);
    assert.ok(shown.Config.Env.some((entry) => entry.startsWith('PATH=')));
    assert.deepEqual([shown.Config.WorkingDir, shown.Config.User, shown.Config.Hostname, shown.Config.StopSignal], ['/tmp', 'app', 'box', 'SIGINT']);
    assert.deepEqual(shown.Config.Labels, { one: '1', two: '', 'org.strata.test': 'busybox' });
    assert.deepEqual(shown.HostConfig.Binds, ['/usr/share:/mnt:ro']);
    assert.equal(shown.HostConfig.Memory, 64 * 1024 * 1024);
    assert.deepEqual(shown.HostConfig.CapAdd, ['NET_ADMIN']);
    assert.deepEqual([shown.Mounts[0]?.Type, shown.Mounts[0]?.Source, shown.Mounts[0]?.Destination, shown.Mounts[0]?.RW], ['bind', '/usr/share', '/mnt', false]);
    assert.match(shown.Created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
  });

  test('inspect of a running and of an ended container', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'read x; exit 4'], OpenStdin: true });
    const running = await container.inspect();
    assert.equal(running.State.Status, 'running');
    assert.ok(running.State.Running && running.State.Pid > 1);
    assert.ok(Math.abs(Date.now() - Date.parse(running.State.StartedAt)) < 60_000);
    const connection = await endpoint().api.hijack(container.at('/attach?stdin=1&stream=1'));
    connection.socket.end('go\n');
    assert.equal(await container.wait(), 4);
    connection.socket.destroy();
    const ended = await container.inspect();
    assert.deepEqual([ended.State.Status, ended.State.Running, ended.State.Pid, ended.State.ExitCode, ended.State.OOMKilled], ['exited', false, 0, 4, false]);
    assert.ok(Date.parse(ended.State.FinishedAt) >= Date.parse(ended.State.StartedAt));
  });

  test('a container is found by id, unique prefix and name', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({});
    for (const handle of [container.id, container.id.slice(0, 12), container.name]) {
      assert.equal((await api.get(`/containers/${handle}/json`)).as<{ Id: string }>().Id, container.id, handle);
    }
  });

  test('the list shows running containers, with all=1 every one, newest first', async () => {
    const e = endpoint();
    await using one = await e.container({ Cmd: ['true'] });
    await using two = await e.started({ Cmd: ['sleep', '1000'], Labels: { which: 'two' } });
    assert.deepEqual((await list(e, '')).map(({ Id }) => Id), [two.id]);
    const all = await list(e, 'all=1');
    assert.deepEqual(all.map(({ Id }) => Id).slice(0, 2), [two.id, one.id]);
    const [shown, created] = all;
    assert.ok(shown !== undefined && created !== undefined);
    assert.deepEqual(shown.Names, [`/${two.name}`]);
    assert.equal(shown.Image, 'busybox');
    assert.match(shown.ImageID, /^sha256:/);
    assert.equal(shown.Command, 'sleep 1000');
    assert.equal(shown.State, 'running');
    assert.match(shown.Status, /^Up (Less than a second|\d+ seconds?)$/);
    assert.equal(shown.Labels['which'], 'two');
    assert.deepEqual(Object.keys(shown.NetworkSettings.Networks), ['bridge']);
    assert.deepEqual([created.State, created.Status], ['created', 'Created']);
    assert.equal((await list(e, 'limit=1')).length, 1);
  });

  test('filters of the list', async () => {
    const e = endpoint();
    const mark = uniqueName('mark');
    await using created = await e.container({ Labels: { mark, kind: 'created' } });
    await using running = await e.started({ Cmd: ['sleep', '1000'], Labels: { mark, kind: 'running' } });
    await using exited = await e.started({ Cmd: ['sh', '-c', 'exit 5'], Labels: { mark, kind: 'exited' } });
    await exited.wait();
    const ids = async (filters: object, query = 'all=1'): Promise<string[]> => (await list(e, query, filters)).map(({ Id }) => Id).toSorted();
    const sorted = (...containers: { id: string }[]): string[] => containers.map(({ id }) => id).toSorted();
    assert.deepEqual(await ids({ label: [`mark=${mark}`] }), sorted(created, running, exited));
    assert.deepEqual(await ids({ label: [`mark=${mark}`, 'kind=exited'] }), sorted(exited));
    assert.deepEqual(await ids({ label: { [`mark=${mark}`]: true }, status: { exited: true, created: true } }), sorted(created, exited));
    assert.deepEqual(await ids({ label: [`mark=${mark}`], status: ['exited'] }, ''), sorted(exited), 'a status filter implies all');
    assert.deepEqual(await ids({ label: [`mark=${mark}`], exited: ['5'] }), sorted(exited));
    assert.deepEqual(await ids({ label: [`mark=${mark}`], exited: ['0'] }), []);
    assert.deepEqual(await ids({ name: [running.name] }), sorted(running));
    assert.deepEqual(await ids({ id: [created.id.slice(0, 10)] }), sorted(created));
    assert.deepEqual(await ids({ label: [`mark=${mark}`], ancestor: ['busybox'] }), sorted(created, running, exited));
    assert.deepEqual(await ids({ label: [`mark=${mark}`], ancestor: ['layers'] }), []);
    assert.deepEqual(await ids({ before: [running.name], label: [`mark=${mark}`] }), sorted(created));
    assert.deepEqual(await ids({ since: [running.name], label: [`mark=${mark}`] }), sorted(exited));
    assert.deepEqual(await ids({ label: [`mark=${mark}`], network: ['bridge'] }), sorted(created, running, exited));
  });

  test('bad filters are 400', async () => {
    const { api } = endpoint();
    for (const filters of ['nonsense', '{"nope":["x"]}', '{"status":["flying"]}', '{"exited":["many"]}', '[]']) {
      const reply = await api.get(`/containers/json?filters=${encodeURIComponent(filters)}`);
      assertBadRequest(endpoint(), reply, filters);
    }
  });

  test('remove: 204, then 404; a running one is 409 unless forced', async () => {
    const { api } = endpoint();
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const refused = await api.delete(container.at(''));
    assert.equal(refused.status, 409);
    assert.match(refused.message, /cannot remove (a running )?container .*(stop the container before|force remove)/i);
    assert.equal((await api.delete(container.at('?force=1'))).status, 204);
    const gone = await api.delete(container.at(''));
    assert.equal(gone.status, 404);
    assert.equal(gone.message, `No such container: ${container.id}`);
  });

  test('a container that is not there: 404 with its name, on every route', async () => {
    const { api } = endpoint();
    for (const [method, path] of [
      ['GET', '/json'], ['POST', '/start'], ['POST', '/stop'], ['POST', '/kill'], ['POST', '/wait'], ['GET', '/logs?stdout=1'], ['POST', '/attach?stream=1&stdout=1'],
      ['POST', '/resize?h=1&w=1'], ['POST', '/restart'], ['DELETE', ''],
    ] as const) {
      const reply = await api.call(method, `/containers/no-such${path}`);
      assert.equal(reply.status, 404, `${method} ${path}: ${reply.text}`);
      // Attach answers over the connection that it has taken, in plain text.
      assert.match(path.startsWith('/attach') ? reply.text : reply.message, /^({"message":")?(cannot kill container: no-such: )?No such container: no-such("})?\s*$/i, `${method} ${path}`);
    }
    const exec = await api.post('/containers/no-such/exec', { Cmd: ['true'] });
    assert.deepEqual([exec.status, exec.message], [404, 'No such container: no-such']);
  });

  test('errors of create: unknown image, name in use, bad name, nothing to run', async () => {
    const { api } = endpoint();
    await using container = await endpoint().container({});
    const unknown = await api.post('/containers/create', { Image: 'no-such:1' });
    assert.deepEqual([unknown.status, unknown.message], [404, 'No such image: no-such:1']);
    const taken = await api.post(`/containers/create?name=${container.name}`, { Image: 'busybox' });
    assert.equal(taken.status, 409);
    assert.match(taken.message, new RegExp(`^Conflict\\. The container name "/${container.name}" is already in use by container "?${container.id}"?\\. You have to remove \\(or rename\\) that container to be able to reuse that name\\.$`));
    const bad = await api.post('/containers/create?name=-bad%20name', { Image: 'busybox' });
    assert.equal(bad.status, 400);
    assert.match(bad.message, /^Invalid container name \(-bad name\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\](\+)? are allowed/i);
    await api.call('POST', '/images/load', { body: createReadStream(endpoint().images.noshell), headers: { 'Content-Type': 'application/x-tar' } });
    const nothing = await api.post('/containers/create', { Image: 'noshell' });
    assert.deepEqual([nothing.status, nothing.message.toLowerCase()], [400, 'no command specified']);
    assert.equal((await list(endpoint(), 'all=1')).length, 1, 'a refused create leaves nothing');
  });

  test('errors of the body: no JSON, wrong type, more than one value, none at all', async () => {
    const { api, minor } = endpoint();
    const send = (body: string, type = 'application/json'): Promise<Reply> => api.call('POST', '/containers/create', { body, headers: { 'Content-Type': type } });
    const cases = [
      await send('{'), await send('[]'), await send('{"Image": 5}'), await send('{"Image":"busybox"}', 'text/plain'), await send(''),
      // 20.10 stops reading after the first value; since 23.0 what follows is an error.
      ...(minor >= 42 ? [await send('{"Image":"busybox"} {"Image":"busybox"}'), await send('{"Image":"busybox"} x')] : []),
    ];
    for (const [index, reply] of cases.entries()) assertBadRequest(endpoint(), reply, `case ${String(index)}`);
    assert.equal((await list(endpoint(), 'all=1')).length, 0);
  });

  test('mounts and host config that make no sense are 400', async () => {
    const { api } = endpoint();
    for (const HostConfig of [{ Binds: ['relative:/x:nope'] }, { Binds: ['/a:b:c:d'] }, { Binds: ['/a:relative'] }, { NetworkMode: 'container:' }, { RestartPolicy: { Name: 'sometimes' } }]) {
      assertBadRequest(endpoint(), await api.post('/containers/create', { Image: 'busybox', HostConfig }), JSON.stringify(HostConfig));
    }
    assert.equal((await list(endpoint(), 'all=1')).length, 0);
  });
});
