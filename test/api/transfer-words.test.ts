import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImageInspect, ProgressMessage } from '../../src/api/wire/image.ts';
import type { Reply } from '../fixtures/http.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from '../registry/registry-program.ts';
import { TokenServer } from '../registry/token-server.ts';
import { onEveryEndpoint } from './endpoint.ts';

/** What is told of one layer, in this order; clients wait for some of these words. What runs too fast to be seen is left out by both. */
const ORDER = ['Pulling fs layer', 'Waiting', 'Downloading', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete'];
const ALWAYS = ['Pulling fs layer', 'Download complete', 'Extracting', 'Pull complete'];
const why = missing({ tools: REGISTRY_TOOLS });

onEveryEndpoint('words of pulls and pushes', (endpoint) => {
  let registry: RegistryProgram;
  let base: string;
  before(async () => {
    if (why !== false) return;
    const { network, images } = endpoint();
    registry = await RegistryProgram.start(network === undefined ? {} : { network });
    // An image that the engine does not have yet: nothing is told of one that it has under another name.
    base = await registry.publish(`docker-archive:${images.layers}`, 'words:1');
  });
  after(async () => { if (why === false) await registry[Symbol.asyncDispose](); });

  const lines = async (path: string): Promise<ProgressMessage[]> => {
    const reply = await endpoint().api.call('POST', path, { headers: { 'X-Registry-Auth': 'e30=' }, timeoutMs: 60_000 });
    assert.equal(reply.status, 200, reply.text);
    return reply.lines<ProgressMessage>();
  };
  const at = (name: string): string => `${registry.authority}/${name}`;
  const pull = (name: string, tag?: string): Promise<ProgressMessage[]> => lines(`/images/create?fromImage=${encodeURIComponent(at(name))}${tag === undefined ? '' : `&tag=${tag}`}`);
  const push = (name: string, tag?: string): Promise<ProgressMessage[]> => lines(`/images/${at(name)}/push${tag === undefined ? '' : `?tag=${tag}`}`);
  /** Without digests, and bars reduced to one. */
  const told = (messages: readonly ProgressMessage[]): string[] => messages
    .map(({ id, status = '', aux }) => `${id === undefined ? '' : `${id} `}${status.replaceAll(/[0-9a-f]{64}/g, 'X').replaceAll(/size: \d+/g, 'size: N')}${aux ? `aux ${Object.keys(aux).join()}` : ''}`)
    .filter((line, index, all) => line !== all[index - 1]);
  const shortDiffIds = async (name: string): Promise<string[]> => (await endpoint().api.get(`/images/${name}/json`)).as<ImageInspect>().RootFS.Layers.map((diffId) => diffId.slice(7, 19));
  /** One more layer onto the base, made here. */
  const commit = async (name: string): Promise<void> => {
    await using container = await endpoint().container({ Image: base, Cmd: ['true'] });
    await endpoint().api.call('PUT', `${container.at('/archive')}?path=/`, { body: rawTar([{ name: name.replace(/\W/g, '-'), body: name }]), headers: { 'Content-Type': 'application/x-tar' } });
    await endpoint().docker.ok('commit', container.id, at(name));
  };

  test('every layer goes through docker\'s states, each after the one before', { skip: why }, async () => {
    const messages = await pull('words', '1');
    assert.deepEqual([messages[0]?.status, messages[0]?.id], ['Pulling from words', '1']);
    const ids = new Set(messages.slice(1).flatMap(({ id }) => (id === undefined ? [] : [id])));
    assert.equal(ids.size, (await shortDiffIds(base)).length);
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{12}$/);
      const own = messages.filter((message) => message.id === id);
      const states = own.map(({ status }) => status ?? '').filter((status, index, all) => status !== all[index - 1]);
      const places = states.map((status) => ORDER.indexOf(status));
      assert.ok(places.every((place, index) => place > (places[index - 1] ?? -1)), states.join(', '));
      assert.deepEqual(ALWAYS.filter((status) => !states.includes(status)), [], states.join(', '));
      const bar = own.findLast(({ status }) => status === 'Extracting');
      assert.ok((bar?.progressDetail?.current ?? 0) > 0 && (bar?.progressDetail?.current ?? 0) <= (bar?.progressDetail?.total ?? 0), JSON.stringify(bar));
      assert.match(bar?.progress ?? '', /^\[=*> *\] +[\d.]+[kM]?B\/[\d.]+[kM]?B$/);
    }
    assert.deepEqual(told(messages).slice(-2), ['Digest: sha256:X', `Status: Downloaded newer image for ${at('words:1')}`]);
  });

  test('an image that is here: no word of layers, also where it is here under another name', { skip: why }, async () => {
    assert.deepEqual(told(await pull('words', '1')), ['1 Pulling from words', 'Digest: sha256:X', `Status: Image is up to date for ${at('words:1')}`]);
    await endpoint().api.post(`/images/${base}/tag?repo=${encodeURIComponent(at('other'))}&tag=2`);
    await push('other', '2');
    await endpoint().api.delete(`/images/${at('other:2')}`);
    assert.deepEqual(told(await pull('other', '2')), ['2 Pulling from other', 'Digest: sha256:X', `Status: Downloaded newer image for ${at('other:2')}`]);
  });

  test('a push: layers by their diffId, the topmost first; mounted, pushed, already there', { skip: why }, async () => {
    const name = uniqueName('push').toLowerCase();
    await commit(`${name}:1`);
    const ids = await shortDiffIds(at(`${name}:1`));
    const [top = ''] = ids.toReversed();
    const first = told(await push(name, '1'));
    const head = [`The push refers to repository [${at(name)}]`, ...ids.toReversed().map((id) => `${id} Preparing`)];
    const tail = ['1: digest: sha256:X size: N', 'aux Tag,Digest,Size'];
    assert.deepEqual(first.slice(0, head.length), head);
    assert.deepEqual(first.slice(-2), tail);
    const ends = (words: readonly string[]): string[] => words.slice(head.length, -2).filter((line) => !/ (?:Pushing|Waiting)$/.test(line)).map((line) => line.replace(/from (?:words|other)$/, 'from X')).toSorted();
    assert.deepEqual(ends(first), ids.map((id) => (id === top ? `${id} Pushed` : `${id} Mounted from X`)).toSorted());
    const again = told(await push(name, '1'));
    assert.deepEqual([again.slice(0, head.length), again.slice(-2)], [head, tail]);
    assert.deepEqual(ends(again), ids.map((id) => `${id} Layer already exists`).toSorted());
    await endpoint().docker.ok('tag', at(`${name}:1`), at(`${name}:2`));
    const all = told(await push(name));
    assert.deepEqual(all.filter((line) => line.includes('digest:')), ['1: digest: sha256:X size: N', '2: digest: sha256:X size: N']);
    assert.equal(all.filter((line) => line.includes('refers to')).length, 1);
    // Layers that were compressed for one repository are mounted into the next.
    await endpoint().docker.ok('tag', at(`${name}:1`), at(`${name}-next:1`));
    assert.deepEqual(told(await push(`${name}-next`, '1')).filter((line) => line.startsWith(top) && !/ (?:Preparing|Waiting)$/.test(line)), [`${top} Mounted from ${name}`]);
    for (const tag of [`${name}:1`, `${name}:2`, `${name}-next:1`]) await endpoint().docker.ok('rmi', at(tag));
  });

  test('layers that are here are told first, from the bottom; then those that are fetched', { skip: why }, async () => {
    const name = uniqueName('shared').toLowerCase();
    await commit(`${name}:1`);
    await push(name, '1');
    await endpoint().docker.ok('rmi', at(`${name}:1`));
    const words = told(await pull(name, '1'));
    const below = (await shortDiffIds(base)).length;
    assert.deepEqual(words.slice(1, 2 + below).map((line) => line.replace(/^[0-9a-f]{12} /, '')), [...Array.from({ length: below }, () => 'Already exists'), 'Pulling fs layer']);
    assert.match(words.at(-3) ?? '', /^[0-9a-f]{12} Pull complete$/);
    await endpoint().docker.ok('tag', at(`${name}:1`), at(`${name}:2`));
    await push(name, '2');
    await endpoint().docker.ok('rmi', at(`${name}:1`), at(`${name}:2`));
    // All tags: one last line for all of them.
    const all = told(await pull(name)).filter((line) => !/^[0-9a-f]{12} /.test(line));
    assert.deepEqual(all.toSorted(), [`1 Pulling from ${name}`, `2 Pulling from ${name}`, 'Digest: sha256:X', 'Digest: sha256:X', `Status: Downloaded newer image for ${at(name)}`].toSorted());
    assert.equal(all.at(-1), `Status: Downloaded newer image for ${at(name)}`);
    assert.equal(told(await pull(name)).at(-1), `Status: Image is up to date for ${at(name)}`);
    await endpoint().docker.ok('rmi', at(`${name}:1`), at(`${name}:2`));
  });
});

onEveryEndpoint('words of refusal', (endpoint) => {
  const open = new AsyncDisposableStack();
  let basic: RegistryProgram;
  let bearer: RegistryProgram;
  before(async () => {
    if (why !== false) return;
    const network = endpoint().network;
    const options = network === undefined ? {} : { network };
    basic = open.use(await RegistryProgram.start({ ...options, auth: 'htpasswd' }));
    const tokens = open.use(await TokenServer.start(network));
    bearer = open.use(await RegistryProgram.start({ ...options, auth: { realm: tokens.realm, certificate: tokens.certificate } }));
    for (const { authority } of [basic, bearer]) await endpoint().docker.ok('tag', 'busybox', `${authority}/x:1`);
  });
  after(() => open.disposeAsync());

  const credentials = { none: {}, wrong: { ...USER, password: 'wrong' }, right: USER };
  const header = (who: keyof typeof credentials): Record<string, string> => ({ 'X-Registry-Auth': Buffer.from(JSON.stringify(credentials[who])).toString('base64').replaceAll('+', '-').replaceAll('/', '_') });

  test('a push says it in its stream, with the registry\'s own words', { skip: why }, async () => {
    for (const [registry, who, words] of [
      [basic, 'none', 'no basic auth credentials'], [basic, 'wrong', 'unauthorized: authentication required'],
      [bearer, 'none', 'denied: requested access to the resource is denied'], [bearer, 'wrong', 'unauthorized: incorrect username or password'],
    ] as const) {
      const reply = await endpoint().api.call('POST', `/images/${registry.authority}/x/push?tag=1`, { headers: header(who) });
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.lines<ProgressMessage>().at(-1), { errorDetail: { message: words }, error: words });
    }
  });

  test('a pull: denied with docker\'s advice; what was wrong with the credentials', { skip: why }, async () => {
    const pull = async (registry: RegistryProgram, who: keyof typeof credentials): Promise<Reply> => endpoint().api.call('POST', `/images/create?fromImage=${encodeURIComponent(`${registry.authority}/y`)}&tag=1`, { headers: header(who) });
    const denied = await pull(bearer, 'none');
    assert.deepEqual([denied.status, denied.message], [404, `pull access denied for ${bearer.authority}/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`]);
    // dockerd calls these its own fault (500) and says which request it was.
    assert.match((await pull(basic, 'none')).message, /: no basic auth credentials$/);
    assert.match((await pull(basic, 'wrong')).message, /unauthorized: authentication required$/);
    assert.match((await pull(bearer, 'wrong')).message, /unauthorized: incorrect username or password$/);
    const unknown = await pull(bearer, 'right');
    assert.deepEqual([unknown.status, unknown.message], [404, `manifest for ${bearer.authority}/y:1 not found: manifest unknown: manifest unknown`]);
  });

  test('a question about a manifest, and a login', { skip: why }, async () => {
    const { api } = endpoint();
    const ask = (registry: RegistryProgram, who: keyof typeof credentials): Promise<Reply> => api.call('GET', `/distribution/${registry.authority}/y:1/json`, { headers: header(who) });
    const unknown = await ask(basic, 'right');
    assert.deepEqual([unknown.status, unknown.message], [404, 'manifest unknown: manifest unknown']);
    const wrong = await ask(basic, 'wrong');
    assert.deepEqual([wrong.status, wrong.message], [401, 'unauthorized: authentication required']);
    const denied = await ask(bearer, 'none');
    assert.equal(denied.status, 403);
    assert.match(denied.message, /denied: requested access to the resource is denied/);
    // The status of a refusal was 500 before 23.0.
    const login = async (registry: RegistryProgram): Promise<string> => (await api.post('/auth', { ...credentials.wrong, serveraddress: registry.authority })).message;
    assert.equal(await login(basic), `login attempt to http://${basic.authority}/v2/ failed with status: 401 Unauthorized`);
    assert.equal(await login(bearer), `Get "http://${bearer.authority}/v2/": unauthorized: incorrect username or password`);
  });
});
