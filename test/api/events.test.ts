import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLines } from '../../src/api/json-lines.ts';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { nextMoment } from '../fixtures/next-moment.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { within } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type Endpoint } from './endpoint.ts';

const filtersOf = (filters: object): string => `filters=${encodeURIComponent(JSON.stringify(filters))}`;

/** Events while `work` runs and until `last` has come. */
const during = async ({ api }: Endpoint, query: string, last: (event: EventMessage) => boolean, work: () => Promise<unknown>): Promise<EventMessage[]> => {
  const stream = await within(5000, 'the head of events', api.open('GET', `/events?${query}`));
  assert.equal(stream.status, 200);
  const seen: EventMessage[] = [];
  const reading = (async () => {
    for await (const event of jsonLines<EventMessage>(stream.body)) {
      seen.push(event);
      if (last(event)) return;
    }
  })();
  await work();
  await within(15_000, `the last event (seen: ${seen.map(({ Action }) => Action).join(' ')})`, reading);
  stream.close();
  return seen;
};

onEveryEndpoint('events', (endpoint) => {
  test('a run makes the events that tools wait for, in order', async () => {
    const name = uniqueName('ev');
    const seen = await during(endpoint(), '', ({ Action, Actor }) => Action === 'destroy' && Actor.Attributes['name'] === name, () =>
      endpoint().docker.ok('run', '--rm', '--name', name, '--label', 'l=1', 'busybox', 'sh', '-c', 'exit 0'));
    const mine = seen.filter(({ Type, Actor }) => Type === 'container' && Actor.Attributes['name'] === name);
    assert.deepEqual(mine.map(({ Action }) => Action), ['create', 'attach', 'start', 'die', 'destroy']);
    for (const event of mine) {
      assert.match(event.Actor.ID, /^[0-9a-f]{64}$/);
      assert.equal(event.Actor.Attributes['image'], 'busybox');
      assert.equal(event.Actor.Attributes['l'], '1');
      assert.equal(event.scope, 'local');
      assert.equal(event.time, Math.floor(event.timeNano / 1e9));
    }
    assert.equal(mine.find(({ Action }) => Action === 'die')?.Actor.Attributes['exitCode'], '0');
    const network = seen.filter(({ Type, Actor }) => Type === 'network' && Actor.Attributes['container'] === mine[0]?.Actor.ID);
    assert.deepEqual(network.map(({ Action }) => Action), ['connect', 'disconnect']);
    assert.deepEqual([network[0]?.Actor.Attributes['name'], network[0]?.Actor.Attributes['type']], ['bridge', 'bridge']);
    const at = (wanted: EventMessage | undefined): number => seen.findIndex((event) => event === wanted);
    assert.ok(at(network[0]) < at(mine[2]), 'connected before started');
    assert.ok(at(network[1]) > at(mine[3]), 'disconnected after it has died');
  });

  test('kill, stop and exec say what they did', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'] });
    const seen = await during(endpoint(), filtersOf({ container: [container.id] }), ({ Action }) => Action === 'stop', async () => {
      await endpoint().docker.ok('exec', container.id, 'true');
      await endpoint().api.post(container.at('/kill?signal=WINCH'));
      await endpoint().api.post(container.at('/stop'));
    });
    // Without arguments 20.10 leaves a space behind the command.
    const actions = seen.map(({ Action }) => Action.trim());
    assert.deepEqual(actions.filter((action) => !action.startsWith('exec_die')), ['exec_create: true', 'exec_start: true', 'kill', 'kill', 'die', 'stop']);
    const kills = seen.filter(({ Action }) => Action === 'kill').map(({ Actor }) => Actor.Attributes['signal']);
    assert.deepEqual(kills, ['28', '15']);
    assert.equal(seen.find(({ Action }) => Action === 'exec_die')?.Actor.Attributes['exitCode'], '0');
  });

  test('images: load, tag, untag, delete', async () => {
    const { api, docker, images } = endpoint();
    const name = uniqueName('evtag').toLowerCase();
    const seen = await during(endpoint(), filtersOf({ type: ['image'] }), ({ Action }) => Action === 'delete', async () => {
      await docker.ok('load', '--quiet', '--input', images.noshell);
      await api.post(`/images/noshell/tag?repo=${name}`);
      await api.delete(`/images/${name}`);
      await api.delete('/images/noshell');
    });
    const actions = seen.map(({ Action }) => Action).filter((action) => action !== 'create');
    assert.deepEqual(actions.filter((action) => action !== 'load'), ['tag', 'untag', 'untag', 'delete']);
    assert.ok(actions.includes('load'));
    for (const { Actor } of seen) assert.match(Actor.ID, /^sha256:|noshell/);
  });

  test('filters: type, event, label, image; unknown ones are 400', async () => {
    const mark = uniqueName('evmark');
    const seen = await during(endpoint(), filtersOf({ type: ['container'], event: ['start', 'die'], label: [`mark=${mark}`] }), ({ Action }) => Action === 'die', async () => {
      await using other = await endpoint().started({ Cmd: ['true'] });
      await other.wait();
      await using mine = await endpoint().started({ Cmd: ['true'], Labels: { mark } });
      await mine.wait();
    });
    assert.deepEqual(seen.map(({ Action }) => Action), ['start', 'die']);
    const bad = await endpoint().api.get(`/events?until=1&${filtersOf({ nope: ['x'] })}`);
    // 20.10 passes over filters that it does not know.
    assert.equal(bad.status, endpoint().minor < 42 ? 200 : 400, bad.text);
  });

  test('since and until give the past, and end', async () => {
    const { api } = endpoint();
    const since = await nextMoment();
    await using container = await endpoint().started({ Cmd: ['true'] });
    await container.wait();
    const until = Date.now() / 1000 + 0.001;
    const reply = await api.get(`/events?since=${since.toFixed(3)}&until=${until.toFixed(3)}&${filtersOf({ container: [container.name] })}`, { timeoutMs: 10_000 });
    const actions = reply.lines<EventMessage>().map(({ Action }) => Action);
    assert.deepEqual(actions.slice(0, 3), ['create', 'start', 'die']);
    assert.equal((await api.get('/events?since=200&until=100')).status, 400);
    assert.ok([400, 500].includes((await api.get('/events?since=yesterday')).status));
  });

  test('docker events prints them', async () => {
    const { docker } = endpoint();
    const name = uniqueName('evcli');
    await using events = docker.start(['events', '--filter', `container=${name}`, '--format', '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}']);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await docker.ok('run', '--rm', '--name', name, 'busybox', 'true');
    await within(10_000, 'destroy', (async () => { while (!events.stdout().includes('destroy')) await new Promise((resolve) => setTimeout(resolve, 20)); })());
    assert.match(events.stdout(), new RegExp(`container create ${name}\n(.*\n)*container die ${name}\n(.*\n)*container destroy ${name}`));
  });
});
