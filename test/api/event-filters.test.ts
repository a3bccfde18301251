import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { nextMoment } from '../fixtures/next-moment.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

type Filters = Readonly<Record<string, readonly string[]>>;

const NAME = uniqueName('evf');
const CONTAINER = ['container create', 'container start', 'container exec_create: echo a b', 'container exec_start: echo a b', 'container exec_die', 'container rename', 'container kill', 'container die', 'container destroy'];
const NETWORK = ['network create', 'network connect', 'network disconnect', 'network destroy'];
const VOLUME = ['volume create', 'volume mount', 'volume unmount', 'volume destroy'];
const IMAGE = ['image tag', 'image untag'];

/** What each takes of one container's life. `@id` is its id; names begin alike but for their last letter. */
const TAKEN: readonly [Filters, readonly string[]][] = [
  [{ type: ['container'] }, CONTAINER], [{ type: ['network', 'volume'] }, [...NETWORK, ...VOLUME]], [{ type: ['image'] }, IMAGE], [{ type: ['plugin', 'service', 'node', 'secret', 'config', 'daemon', 'bogus'] }, []],
  [{ container: ['@id'] }, CONTAINER], [{ container: ['@short'] }, CONTAINER], [{ container: [`${NAME}c`] }, CONTAINER],
  // After it has been renamed.
  [{ container: [`${NAME}c2`] }, CONTAINER.slice(5)],
  [{ container: ['nobody'] }, []], [{ network: [`${NAME}n`] }, NETWORK], [{ volume: [`${NAME}v`] }, VOLUME], [{ volume: ['nobody'] }, []],
  [{ image: [`${NAME}i`] }, ['image tag', ...CONTAINER]], [{ image: [`${NAME}i:1`] }, ['image tag', ...CONTAINER]], [{ image: [NAME] }, []],
  [{ label: ['who'] }, CONTAINER], [{ label: ['who=me', 'more=1'] }, CONTAINER], [{ label: ['who=you'] }, []], [{ label: ['who=me', 'less'] }, []],
  [{ event: ['exec_create'] }, [CONTAINER[2] ?? '']], [{ event: ['exec_start: echo a b'] }, [CONTAINER[3] ?? '']], [{ event: ['exec'] }, []], [{ event: ['kill', 'die'] }, CONTAINER.slice(6, 8)], [{ event: ['create'], type: ['network'] }, ['network create']],
  [{ scope: ['local'], type: ['volume'] }, VOLUME], [{ scope: ['swarm'] }, []],
  ...['daemon', 'plugin', 'service', 'node', 'secret', 'config'].map((key): [Filters, string[]] => [{ [key]: ['x'] }, []]),
  [{ container: [`${NAME}c`], event: ['start'] }, ['container start']], [{ container: [`${NAME}c`], network: [`${NAME}n`] }, []], [{ container: [`${NAME}c`], image: [`${NAME}i`], label: ['who'] }, CONTAINER],
  [{ type: ['container'], event: ['create'], label: ['who=me'] }, ['container create']],
];

onEveryEndpoint('events: filters, the past', (endpoint) => {
  let [since, until, id] = [0, 0, ''];
  before(async () => {
    const { api } = endpoint();
    since = await nextMoment();
    await api.post('/networks/create', { Name: `${NAME}n` });
    await api.post('/volumes/create', { Name: `${NAME}v` });
    await api.post(`/images/busybox/tag?repo=${NAME}i&tag=1`);
    const container = await endpoint().started({ Image: `${NAME}i:1`, Cmd: ['sleep', '10000'], Labels: { who: 'me', more: '1' }, HostConfig: { NetworkMode: `${NAME}n`, Binds: [`${NAME}v:/v`] } }, `${NAME}c`);
    id = container.id;
    const exec = (await api.post(container.at('/exec'), { Cmd: ['echo', 'a b'], AttachStdout: true })).as<{ Id: string }>().Id;
    await (await api.hijack(`/exec/${exec}/start`, { upgrade: false, json: {} })).read();
    await told('exec_die');
    await api.post(container.at(`/rename?name=${NAME}c2`));
    await api.post(container.at('/kill'));
    await container.wait();
    await told('unmount');
    assert.equal((await api.delete(container.at(''))).status, 204);
    for (const path of [`/images/${NAME}i:1`, `/volumes/${NAME}v`, `/networks/${NAME}n`]) assert.ok((await api.delete(path)).status < 300, path);
    await told('destroy', 'network');
    until = await nextMoment();
  }, { timeout: 60_000 });
  after(async () => { await endpoint().api.delete(`/containers/${id}?force=1`); });

  const ask = (filters: Filters, range: string, version = ''): Promise<{ status: number; text: string; lines<T>(): T[] }> =>
    endpoint().api.get(`${version}/events?${range}&filters=${encodeURIComponent(JSON.stringify(filters))}`, { timeoutMs: 10_000 });
  const told = (action: string, type = 'container'): Promise<unknown> => waitUntil(`${type} ${action}`, async () => {
    const reply = await ask({ event: [action] }, `since=${since.toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}`);
    return reply.lines<EventMessage>().some(({ Type, Action }) => Action === action && (Type === type || type === 'container'));
  });
  const shown = ({ Type, Action }: EventMessage): string => `${Type} ${Action}`;
  const whole = (): string => `since=${since.toFixed(3)}&until=${until.toFixed(3)}`;
  /** 20.10 tells of a volume's creation at its container's too. */
  const once = (events: readonly string[]): string[] => events.filter((event, index) => event !== 'volume create' || events.indexOf(event) === index);

  test('every filter, alone and with others', async () => {
    for (const [filters, taken] of TAKEN) {
      const resolved = Object.fromEntries(Object.entries(filters).map(([key, values]) => [key, values.map((value) => value.replace('@id', id).replace('@short', id.slice(0, 12)))]));
      const events = once((await ask(resolved, whole())).lines<EventMessage>().map(shown));
      // Of what happens at the same time, in different places, there is no order.
      assert.deepEqual(events.toSorted(), [...taken].toSorted(), JSON.stringify(filters));
      if (new Set(taken.map((event) => event.split(' ')[0])).size === 1 && !taken.some((event) => event.startsWith('volume'))) assert.deepEqual(events, taken, JSON.stringify(filters));
    }
  });

  test('moments: to the nanosecond, inclusive, as dates and as numbers', async () => {
    const events = (await ask({ container: [id] }, whole())).lines<EventMessage>();
    const moment = (nano: string): string => `${nano.slice(0, -9)}.${nano.slice(-9)}`;
    // As text: a nanosecond of today is more than a number holds.
    const nanos = [...(await ask({ container: [id] }, whole())).text.matchAll(/"timeNano":(\d+)/g)].map((match) => match[1] ?? '');
    assert.equal(nanos.length, events.length);
    const [from = '', to = ''] = [nanos[1], nanos[4]];
    const between = (await ask({ container: [id] }, `since=${moment(from)}&until=${moment(to)}`)).lines<EventMessage>().map(shown);
    assert.deepEqual(between, CONTAINER.slice(1, 5));
    for (const all of ['since=0&', 'since=1&', '']) assert.deepEqual((await ask({ container: [id] }, `${all}until=${until.toFixed(3)}`)).lines<EventMessage>().map(shown), CONTAINER, all);
    for (const event of events) assert.equal(event.time, Math.floor(event.timeNano / 1e9));
  });

  test('what an event says: its fields, its attributes in order, the legacy ones of older versions', async () => {
    const [created] = (await ask({ container: [id], event: ['create'] }, whole(), '/v1.41')).lines<EventMessage & { status?: string; id?: string; from?: string }>();
    assert.ok(created);
    assert.deepEqual([created.status, created.id, created.from, created.Action, created.Type, created.scope], ['create', id, `${NAME}i:1`, 'create', 'container', 'local']);
    assert.deepEqual(Object.entries(created.Actor.Attributes).filter(([key]) => key !== 'org.strata.test'), [['image', `${NAME}i:1`], ['more', '1'], ['name', `${NAME}c`], ['who', 'me']]);
    const [renamed] = (await ask({ container: [id], event: ['rename'] }, whole(), '/v1.24')).lines<EventMessage>();
    assert.deepEqual([renamed?.Actor.Attributes['name'], renamed?.Actor.Attributes['oldName']], [`${NAME}c2`, `/${NAME}c`]);
    const [connected] = (await ask({ network: [`${NAME}n`], event: ['connect'] }, whole())).lines<EventMessage>();
    assert.deepEqual([connected?.Actor.Attributes['container'], connected?.Actor.Attributes['name'], connected?.Actor.Attributes['type']], [id, `${NAME}n`, 'bridge']);
    const [mounted] = (await ask({ volume: [`${NAME}v`], event: ['mount'] }, whole())).lines<EventMessage>();
    assert.deepEqual([mounted?.Actor.ID, mounted?.Actor.Attributes['container'], mounted?.Actor.Attributes['destination'], mounted?.Actor.Attributes['read/write']], [`${NAME}v`, id, '/v', 'true']);
  });

  test('ranges and filters that make no sense', async () => {
    for (const range of ['since=2&until=1', 'since=x', 'until=x']) assert.ok([400, 500].includes((await ask({}, range)).status), range);
    assert.equal((await ask({}, 'since=2&until=1')).status, 400);
    for (const filters of ['{', '[]', '{"type":"container"}']) {
      const { status } = await endpoint().api.get(`/events?until=1&filters=${encodeURIComponent(filters)}`);
      assert.ok(status === 400 || (status === 500 && endpoint().minor < 42), filters);
    }
  });
});
