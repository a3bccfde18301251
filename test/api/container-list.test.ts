import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerInspect, ContainerSummary } from '../../src/api/wire/container.ts';
import type { Reply } from '../fixtures/http.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type TestContainer } from './endpoint.ts';

type Filters = Readonly<Record<string, readonly string[]>>;

const HOST_PORT = '18099';
const VOLUME = uniqueName('v');
const NETWORK = uniqueName('n');
/** Oldest first. */
const NAMES = ['web', 'done', 'made', 'iced', 'hale'] as const;
type Name = (typeof NAMES)[number];
const ALL: readonly Name[] = NAMES;

/** Who is found with `all=1`. `@name` stands for that container's id, `@image` for the image's. */
const ALONE: readonly [filters: Filters, found: readonly Name[]][] = [
  [{ ancestor: ['busybox'] }, ALL], [{ ancestor: ['@image'] }, ALL], [{ ancestor: ['nope'] }, []], [{ ancestor: ['nope:1', 'busybox:latest'] }, ALL],
  [{ before: ['web-x'] }, []], [{ before: ['made-x'] }, ['web', 'done']], [{ since: ['made-x'] }, ['iced', 'hale']], [{ since: ['done-x'], before: ['hale-x'] }, ['made', 'iced']],
  [{ exited: ['1'] }, ['done']], [{ exited: ['0', '1'] }, ['done']], [{ exited: ['+1'] }, ['done']], [{ exited: ['137'] }, []],
  [{ id: ['@web'] }, ['web']], [{ id: ['@web', '@done'] }, ['web', 'done']], [{ id: ['zz'] }, []],
  // Only Windows has more than one.
  [{ isolation: ['hyperv'] }, ALL],
  [{ label: ['tier'] }, ['web', 'done', 'iced']], [{ label: ['tier=front'] }, ['web', 'iced']], [{ label: ['tier=front', 'only'] }, ['web']], [{ label: ['tier='] }, []],
  [{ name: ['web-x'] }, ['web']], [{ name: ['^/web-x$'] }, ['web']], [{ name: ['^(web|done)-'] }, ['web', 'done']], [{ name: ['(?i)WEB'] }, ['web']], [{ name: ['['] }, []], [{ name: ['\\Ahale-[[:alpha:]]\\z'] }, ['hale']],
  [{ status: ['created'] }, ['made']], [{ status: ['running'] }, ['web', 'hale']], [{ status: ['paused', 'exited'] }, ['done', 'iced']], [{ status: ['dead'] }, []], [{ status: ['restarting'] }, []],
  [{ health: ['healthy'] }, ['hale']], [{ health: ['none'] }, ['web', 'done', 'made', 'iced']], [{ health: ['unhealthy', 'starting'] }, []],
  [{ volume: [VOLUME] }, ['done']], [{ volume: ['/v'] }, ['done']], [{ volume: ['/usr/share'] }, ['iced']], [{ volume: ['/mnt', '/v'] }, ['done', 'iced']], [{ volume: ['nope'] }, []],
  [{ network: [NETWORK] }, ['made']], [{ network: ['host'] }, ['iced']], [{ network: ['bridge'] }, ['web', 'done', 'hale']], [{ network: ['nope'] }, []],
  [{ 'is-task': ['false'] }, ALL], [{ 'is-task': ['true'] }, []],
  // The host's port, and only while it leads somewhere.
  [{ publish: [HOST_PORT] }, ['web']], [{ publish: ['18000-18999/tcp'] }, ['web']], [{ publish: [`${HOST_PORT}/udp`] }, []], [{ publish: ['80'] }, []],
  [{ expose: ['80'] }, ['web']], [{ expose: ['70-90/tcp'] }, ['web']], [{ expose: ['100/udp'] }, ['web']], [{ expose: ['100'] }, []], [{ expose: ['7777'] }, []],
  // Either is enough.
  [{ publish: ['80'], expose: ['100/udp'] }, ['web']],
];

/** One value of every filter, for the pairs. */
const ONE: Readonly<Record<string, string>> = {
  ancestor: 'busybox', before: 'hale-x', since: 'web-x', exited: '1', id: '@iced', isolation: 'default', label: 'tier=front', name: 'e', status: 'paused', health: 'none', volume: '/mnt',
  network: 'host', 'is-task': 'false', publish: HOST_PORT, expose: '80',
};

/** What nobody can mean. */
const REFUSED: readonly (readonly [filters: unknown, says: RegExp])[] = [
  [{ status: ['bogus'] }, /invalid filter 'status=bogus'/i], [{ exited: ['x'] }, /exited=x|invalid syntax/], [{ health: ['x'] }, /filter value for health: x/i], [{ bogus: ['x'] }, /invalid filter 'bogus'/i], [{ bogus: [] }, /invalid filter 'bogus'/i],
  [{ 'is-task': ['x'] }, /invalid filter 'is-task=/i],
  [{ publish: ['x'] }, /publish x/], [{ publish: ['80-70'] }, /publish 80-70/], [{ publish: ['80:80'] }, /filter for 'publish' should not contain ':': 80:80/], [{ publish: ['70000'] }, /publish 70000/], [{ expose: [''] }, /expose : empty string/i],
  [[], /./], ['', /./], [1, /./], [{ label: 'k' }, /./], [{ label: [1] }, /./], [{ label: { k: 1 } }, /./], [{ label: ['k'], status: { running: true } }, /./],
];

onEveryEndpoint('containers: the list', (endpoint) => {
  const made = new Map<Name, TestContainer>();
  let image = '';

  before(async () => {
    const e = endpoint();
    await e.api.post('/networks/create', { Name: NETWORK });
    await e.api.post('/volumes/create', { Name: VOLUME });
    const sleep = ['sleep', '10000'];
    const add = async (name: Name, container: Promise<TestContainer>): Promise<TestContainer> => {
      made.set(name, await container);
      return container;
    };
    await add('web', e.started({
      Cmd: sleep, Labels: { tier: 'front', only: '' }, ExposedPorts: { '80/tcp': {}, '100/udp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: HOST_PORT }] } },
    }, 'web-x'));
    const done = await add('done', e.started({ Cmd: ['false'], Labels: { tier: 'back' }, ExposedPorts: { '80/tcp': {} }, HostConfig: { Binds: [`${VOLUME}:/v`] } }, 'done-x'));
    await done.wait();
    await add('made', e.container({ Cmd: sleep, HostConfig: { NetworkMode: NETWORK } }, 'made-x'));
    const iced = await add('iced', e.started({ Cmd: sleep, Labels: { tier: 'front' }, HostConfig: { NetworkMode: 'host', Binds: ['/usr/share:/mnt:ro'] } }, 'iced-x'));
    assert.equal((await e.api.post(iced.at('/pause'))).status, 204);
    const hale = await add('hale', e.started({ Cmd: sleep, Healthcheck: { Test: ['CMD', 'true'], Interval: 200_000_000 } }, 'hale-x'));
    await waitUntil('it to be healthy', async () => (await hale.inspect()).State.Health?.Status === 'healthy');
    image = (await done.inspect()).Image;
  }, { timeout: 60_000 });
  after(async () => {
    for (const container of made.values()) await container.remove();
    await endpoint().api.delete(`/networks/${NETWORK}`);
    await endpoint().api.delete(`/volumes/${VOLUME}`);
  });

  const resolve = (value: string): string => (value === '@image' ? image : value.startsWith('@') ? (made.get(value.slice(1) as Name)?.id ?? '') : value);
  const ask = (query: string, filters?: unknown): Promise<Reply> => endpoint().api.get(`/containers/json?${query}${filters === undefined ? '' : `&filters=${encodeURIComponent(typeof filters === 'string' && filters.startsWith('{') ? filters : JSON.stringify(filters))}`}`);
  const found = async (query: string, filters?: unknown): Promise<string[]> => {
    const reply = await ask(query, filters);
    assert.equal(reply.status, 200, `${query} ${JSON.stringify(filters)}: ${reply.text}`);
    return reply.as<ContainerSummary[]>().map(({ Names }) => (Names[0] ?? '').replace(/^\/|-x$/g, ''));
  };
  const resolved = (filters: Filters): Filters => Object.fromEntries(Object.entries(filters).map(([key, values]) => [key, values.map(resolve)]));
  const newestFirst = (names: readonly string[]): string[] => ALL.filter((name) => names.includes(name)).toReversed();

  test('every filter alone, among all and among those that run', async () => {
    const up = ['web', 'iced', 'hale'];
    for (const [filters, names] of ALONE) {
      assert.deepEqual(await found('all=1', resolved(filters)), newestFirst(names), JSON.stringify(filters));
      // Only a status brings those along that do not run.
      assert.deepEqual(await found('', resolved(filters)), newestFirst('status' in filters ? names : names.filter((name) => up.includes(name))), `without all: ${JSON.stringify(filters)}`);
    }
  });

  test('every two filters together: what both take', async () => {
    const keys = Object.keys(ONE);
    const alone = new Map<string, string[]>();
    for (const key of keys) alone.set(key, await found('all=1', resolved({ [key]: [ONE[key] ?? ''] })));
    for (const [index, one] of keys.entries()) {
      for (const other of keys.slice(index + 1)) {
        // dockerd looks for the container of before and since among those that the others have left.
        if (['before', 'since'].includes(one) && ['id', 'name'].includes(other) && endpoint().kind === 'dockerd') continue;
        const [left = [], right = []] = [alone.get(one), alone.get(other)];
        const expected = one === 'publish' && other === 'expose' ? [...left, ...right] : left.filter((name) => right.includes(name));
        assert.deepEqual(await found('all=1', resolved({ [one]: [ONE[one] ?? ''], [other]: [ONE[other] ?? ''] })), newestFirst(expected), `${one} and ${other}`);
      }
    }
  });

  test('limit, the older parameters, and values of the query', async () => {
    assert.deepEqual(await found('limit=2'), ['hale', 'iced']);
    assert.deepEqual(await found('limit=1&all=0', { status: ['exited'] }), ['done']);
    assert.deepEqual(await found('limit=3', { label: ['tier=front'] }), ['iced', 'web']);
    for (const none of ['limit=0', 'limit=-1', 'limit=']) assert.deepEqual(await found(none), ['hale', 'iced', 'web'], none);
    // Of the time before filters: nobody reads them.
    assert.deepEqual(await found('since=web-x&before=hale-x'), ['hale', 'iced', 'web']);
    assert.deepEqual(await found('all=yes'), newestFirst(ALL));
    for (const no of ['all=', 'all=0', 'all=no', 'all=False', 'all=none']) assert.deepEqual(await found(no), ['hale', 'iced', 'web'], no);
    assertBadRequest(endpoint(), await ask('limit=x'));
  });

  test('filters as clients have spelled them over the years', async () => {
    for (const filters of ['{"label":["tier=front"]}', '{"label":{"tier=front":true}}', '{"label":{"tier=front":false}}', '{"label":{"tier=front":true},"name":{}}', '{"label":["tier=front"],"name":null}']) {
      assert.deepEqual(await found('all=1', filters), ['iced', 'web'], filters);
    }
    for (const none of ['{}', '{"label":null}', '{"label":[]}', '{"label":{}}']) assert.deepEqual(await found('all=1', none), newestFirst(ALL), none);
    assert.deepEqual(await found('all=1', null), newestFirst(ALL));
  });

  test('filters that are refused, and why', async () => {
    for (const [filters, says] of REFUSED) {
      const reply = await ask('all=1', filters);
      assertBadRequest(endpoint(), reply, JSON.stringify(filters));
      assert.match(reply.message, says, JSON.stringify(filters));
    }
    for (const broken of ['{', '{"label":["k"]} x']) assertBadRequest(endpoint(), await ask('all=1', broken), broken);
    for (const key of ['before', 'since']) {
      const reply = await ask('all=1', { [key]: ['nobody'] });
      // 20.10 calls it a fault of its own.
      assert.equal(reply.status, endpoint().minor < 42 ? 500 : 404, key);
      assert.match(reply.message, /no such container:? nobody/i);
    }
  });

  test('how commands, names and mounts are shown', async () => {
    const commands: [string[], string][] = [
      [['a b', 'c'], 'a b c'], [['sh', 'a b'], "sh 'a b'"], [['sh', "it's x"], "sh 'it's x'"], [['sh', 'a\tb\n'], 'sh a\tb\n'], [['sh', ''], 'sh '], [['sh', '"q"'], 'sh "q"'], [['sh', ' '], "sh ' '"],
    ];
    for (const [Cmd, shown] of commands) {
      await using container = await endpoint().container({ Cmd });
      assert.equal((await ask('all=1', { id: [container.id] })).as<ContainerSummary[]>()[0]?.Command, shown);
    }
    const [done] = (await ask('all=1', { name: ['done'] })).as<ContainerSummary[]>();
    assert.deepEqual(done?.Mounts.map(({ Type, Name, Destination, Driver, Mode, RW, Propagation }) => [Type, Name, Destination, Driver, Mode, RW, Propagation]), [['volume', VOLUME, '/v', 'local', 'z', true, '']]);
  });

  test('sizes: what was written, each file once, and the image below', async () => {
    const script = 'dd if=/dev/zero of=/f bs=1000 count=300 2>/dev/null; mkdir /d; ln -s /f12345 /l; ln /f /h; rm /bin/cat; echo 12 > /etc/motd';
    await using container = await endpoint().started({ Cmd: ['sh', '-c', script] });
    await using untouched = await endpoint().container({});
    await container.wait();
    const inspect = async ({ id }: TestContainer, query: string): Promise<ContainerInspect> => (await endpoint().api.get(`/containers/${id}/json${query}`)).as<ContainerInspect>();
    const listed = async ({ id }: TestContainer): Promise<ContainerSummary | undefined> => (await ask('all=1&size=1', { id: [id] })).as<ContainerSummary[]>()[0];
    const written = await inspect(container, '?size=1');
    const empty = await inspect(untouched, '?size=true');
    assert.equal(written.SizeRw, 300_000 + '/f12345'.length + 3);
    assert.equal(empty.SizeRw, 0);
    assert.equal((written.SizeRootFs ?? 0) - (empty.SizeRootFs ?? 0), written.SizeRw);
    assert.ok((empty.SizeRootFs ?? 0) > 500_000);
    const [shown, shownEmpty] = [await listed(container), await listed(untouched)];
    assert.deepEqual([shown?.SizeRw, shown?.SizeRootFs], [written.SizeRw, written.SizeRootFs]);
    assert.deepEqual([shownEmpty?.SizeRw, shownEmpty?.SizeRootFs], [undefined, empty.SizeRootFs]);
    const plain = await inspect(container, '');
    assert.deepEqual([plain.SizeRw, plain.SizeRootFs], [undefined, undefined]);
  });
});
