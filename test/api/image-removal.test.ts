import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageDeleteItem, ImageSummary } from '../../src/api/wire/image.ts';
import type { InfoResponse } from '../../src/api/wire/system.ts';
import { findTool } from '../fixtures/requirements.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { tinyImage, type TinyImage } from '../fixtures/tiny-image.ts';
import { RegistryProgram } from '../registry/registry-program.ts';
import { assertBadRequest, type Endpoint, onEveryEndpoint } from './endpoint.ts';

/** Older dockerd has null where there are none. */
type ListedImage = Omit<ImageSummary, 'RepoTags' | 'RepoDigests'> & { RepoTags: string[] | null; RepoDigests: string[] | null };

const unique = (): string => uniqueName('rm').toLowerCase();
const someFile = (bytes = 100) => ({ name: `file-${randomBytes(4).toString('hex')}`, body: randomBytes(bytes) });

/** Loads an image of one layer unless told otherwise. @returns its id */
async function load({ api }: Endpoint, image: Partial<TinyImage> & { tags: readonly string[] }): Promise<string> {
  const { archive, id } = tinyImage({ layers: [[someFile()]], ...image });
  const reply = await api.call('POST', '/images/load?quiet=1', { body: archive, headers: { 'Content-Type': 'application/x-tar' } });
  assert.match(reply.text, /Loaded image/, reply.text);
  return id;
}

async function remove({ api }: Endpoint, name: string, query = ''): Promise<ImageDeleteItem[]> {
  const reply = await api.delete(`/images/${name}${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ImageDeleteItem[]>();
}

async function refused({ api }: Endpoint, name: string, query: string, status: number, message: RegExp | string): Promise<void> {
  const reply = await api.delete(`/images/${name}${query}`);
  assert.equal(reply.status, status, reply.text);
  if (typeof message === 'string') assert.equal(reply.message, message);
  else assert.match(reply.message, message);
}

const untagged = (items: readonly ImageDeleteItem[]): string[] => items.flatMap(({ Untagged }) => Untagged ?? []);
const deleted = (items: readonly ImageDeleteItem[]): string[] => items.flatMap(({ Deleted }) => Deleted ?? []);
const short = (id: string): string => id.replace('sha256:', '').slice(0, 12);
const exists = async ({ api }: Endpoint, name: string): Promise<boolean> => (await api.get(`/images/${name}/json`)).status === 200;
const filterQuery = (filters: object): string => `filters=${encodeURIComponent(JSON.stringify(filters))}`;

async function prune({ api }: Endpoint, filters: object): Promise<{ items: ImageDeleteItem[]; bytes: number }> {
  const reply = await api.post(`/images/prune?${filterQuery(filters)}`);
  assert.equal(reply.status, 200, reply.text);
  const { ImagesDeleted, SpaceReclaimed } = reply.as<{ ImagesDeleted: ImageDeleteItem[] | null; SpaceReclaimed: number }>();
  return { items: ImagesDeleted ?? [], bytes: SpaceReclaimed };
}

function diskUse(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name);
    return sum + lstatSync(path).blocks * 512 + (entry.isDirectory() ? diskUse(path) : 0);
  }, 0);
}

onEveryEndpoint('removal of images', (endpoint) => {
  test('by id: one name goes with the image, several want force', async () => {
    const e = endpoint();
    const [one, two, three] = [unique(), unique(), unique()];
    const single = await load(e, { tags: [`${one}:1`] });
    assert.deepEqual(untagged(await remove(e, short(single))), [`${one}:1`]);
    const id = await load(e, { tags: [`${two}:1`, `${two}:2`, `${three}:1`] });
    await refused(e, id, '', 409, `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`);
    assert.ok(await exists(e, `${two}:1`));
    const items = await remove(e, id, '?force=1');
    assert.deepEqual(untagged(items).toSorted(), [`${two}:1`, `${two}:2`, `${three}:1`].toSorted());
    assert.equal(deleted(items)[0], id);
    assert.equal(deleted(items).length, 2);
  });

  test('two tags of one repository are several names too', async () => {
    const e = endpoint();
    const name = unique();
    const id = await load(e, { tags: [`${name}:1`, `${name}:2`] });
    await refused(e, short(id), '', 409, /must be forced.*referenced in multiple repositories/);
    assert.deepEqual(await remove(e, `${name}:1`), [{ Untagged: `${name}:1` }]);
    assert.equal(deleted(await remove(e, `${name}:2`))[0], id);
  });

  test('layers that another image has stay, and are not told as deleted', async () => {
    const e = endpoint();
    const [first, second] = [unique(), unique()];
    const [shared, own] = [[someFile()], [someFile()]];
    await load(e, { tags: [`${first}:1`], layers: [shared] });
    const id = await load(e, { tags: [`${second}:1`], layers: [shared, own] });
    const items = await remove(e, `${second}:1`);
    assert.equal(deleted(items).length, 2);
    assert.equal(deleted(items)[0], id);
    assert.equal(deleted(await remove(e, `${first}:1`)).length, 2);
  });

  test('used by a running container: never by id; by name with force it only loses its name, and stays while it is used', async () => {
    const e = endpoint();
    const name = unique();
    await e.api.post(`/images/busybox/tag?repo=${name}`);
    const base = (await e.api.get('/images/busybox/json')).as<{ Id: string }>().Id;
    await using running = await e.started({ Image: name, Cmd: ['sh', '-c', 'while :; do read -t 100 x < /dev/zero; done'] });
    await refused(e, base, '?force=1', 409, `conflict: unable to delete ${short(base)} (cannot be forced) - image is being used by running container ${running.id.slice(0, 12)}`);
    assert.deepEqual(await remove(e, name), [{ Untagged: `${name}:latest` }]);
    assert.ok(await exists(e, base));
  });

  test('used by a stopped container: by id it wants force; the container still shows it, and its last container gives the layers back', async () => {
    const e = endpoint();
    const name = unique();
    const bytes = 4_000_000;
    const id = await load(e, { tags: [`${name}:1`], layers: [[someFile(bytes)]] });
    const root = (await e.api.get('/info')).as<InfoResponse>().DockerRootDir;
    const before = diskUse(root);
    const container = await e.container({ Image: `${name}:1` });
    await refused(e, id, '', 409, `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container ${container.id.slice(0, 12)}`);
    await refused(e, `${name}:1`, '', 409, `conflict: unable to remove repository reference "${name}:1" (must force) - container ${container.id.slice(0, 12)} is using its referenced image ${short(id)}`);
    assert.equal(deleted(await remove(e, `${name}:1`, '?force=1'))[0], id);
    assert.equal((await container.inspect()).Image, id);
    assert.equal((await container.remove()).status, 204);
    assert.ok(before - diskUse(root) >= bytes, `${String(before)} -> ${String(diskUse(root))}`);
  });

  test('a beginning that several ids have names none of them', async () => {
    const e = endpoint();
    const tags: string[] = [];
    const seen = new Map<string, number>();
    // Of seventeen ids two begin with the same digit.
    for (let count = 0; count < 17; count += 1) {
      const tag = `${unique()}:1`;
      const digit = short(await load(e, { tags: [tag] }))[0] ?? '';
      tags.push(tag);
      seen.set(digit, (seen.get(digit) ?? 0) + 1);
    }
    const [ambiguous = ''] = [...seen].find(([, count]) => count > 1) ?? [];
    for (const prefix of [ambiguous, `sha256:${ambiguous}`]) {
      const reply = await e.api.get(`/images/${prefix}/json`);
      assert.equal(reply.status, 404, reply.text);
      assert.match(reply.message, /No such image/i);
    }
    for (const tag of tags) await remove(e, tag);
  });

  test('a name by digest: untagged alone while there is a tag; goes with the last tag', { skip: findTool('docker-registry') === undefined ? 'skipped: no docker-registry' : false }, async () => {
    const e = endpoint();
    assert.ok(e.network);
    await using registry = await RegistryProgram.start({ network: e.network });
    const name = await registry.publish(`docker-archive:${e.images.noshell}`, 'some/name:1');
    const repository = name.replace(/:1$/, '');
    await e.docker.ok('pull', name);
    const digest = (await e.api.get(`/images/${name}/json`)).as<{ RepoDigests: string[] }>().RepoDigests[0] ?? '';
    assert.match(digest, new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`));
    assert.deepEqual(await remove(e, digest), [{ Untagged: digest }]);
    assert.ok(await exists(e, name));
    assert.ok(!(await exists(e, digest)));
    await e.docker.ok('pull', name);
    const items = await remove(e, name);
    assert.deepEqual(untagged(items), [name, digest]);
    assert.ok(deleted(items).length >= 2);
    // A digest alone is a name, but no tag: such an image dangles.
    await e.docker.ok('pull', digest);
    const dangling = (await e.api.get(`/images/json?${filterQuery({ dangling: ['true'] })}`)).as<ListedImage[]>();
    assert.ok(dangling.some(({ RepoDigests }) => RepoDigests?.includes(digest)), JSON.stringify(dangling));
    assert.deepEqual(untagged((await prune(e, {})).items), [digest]);
  });

  test('prune takes what has no tag; with dangling=false all that no container uses; filters narrow it', async () => {
    const e = endpoint();
    const [used, old, fresh] = [unique(), unique(), unique()];
    await load(e, { tags: [`${used}:1`], labels: { role: 'used' } });
    await using _ = await e.container({ Image: `${used}:1` });
    const oldId = await load(e, { tags: [`${old}:1`], labels: { role: 'old', keep: 'yes' }, created: '2001-02-03T04:05:06Z' });
    const freshId = await load(e, { tags: [`${fresh}:1`], labels: { role: 'fresh' }, created: new Date().toISOString() });
    const dangling = await load(e, { tags: [`${old}:2`], labels: { role: 'dangling' } });
    await e.api.post(`/images/${freshId}/tag?repo=${old}&tag=2`);
    await remove(e, `${old}:2`);
    assert.deepEqual(deleted((await prune(e, { label: ['role=nobody'] })).items), []);
    assert.deepEqual(deleted((await prune(e, { 'label!': ['role=dangling'] })).items), []);
    assert.deepEqual(deleted((await prune(e, { until: ['2002-01-01T00:00:00Z'] })).items), []);
    assert.equal(deleted((await prune(e, { label: ['role'] })).items)[0], dangling);
    assert.deepEqual(deleted((await prune(e, { dangling: ['true'] })).items), []);
    const byTime = await prune(e, { dangling: ['false'], until: ['10000h'], label: ['keep=yes'] });
    assert.deepEqual([untagged(byTime.items), deleted(byTime.items)[0]], [[`${old}:1`], oldId]);
    const byLabel = await prune(e, { dangling: ['false'], label: ['role'], 'label!': ['role=used'] });
    assert.deepEqual([untagged(byLabel.items), deleted(byLabel.items)[0]], [[`${fresh}:1`], freshId]);
    assert.deepEqual(untagged((await prune(e, { dangling: ['false'], label: ['role=used'] })).items), []);
    assert.ok(await exists(e, `${used}:1`));
    assertBadRequest(e, await e.api.post(`/images/prune?${filterQuery({ until: ['nonsense'] })}`), 'until');
    assertBadRequest(e, await e.api.post(`/images/prune?${filterQuery({ dangling: ['maybe'] })}`), 'dangling');
    assert.equal((await e.api.post(`/images/prune?${filterQuery({ nope: ['x'] })}`)).status, 400);
  });

  test('what prune says it has reclaimed is what the disk has got back: a layer that stays does not count', async () => {
    const e = endpoint();
    const [stays, goes] = [unique(), unique()];
    const shared = [someFile(3_000_000)];
    await load(e, { tags: [`${stays}:1`], layers: [shared], labels: { pruning: 'no' } });
    await load(e, { tags: [`${goes}:1`], layers: [shared, [someFile(2_000_000)]], labels: { pruning: 'yes' } });
    const root = (await e.api.get('/info')).as<InfoResponse>().DockerRootDir;
    const before = diskUse(root);
    const { bytes } = await prune(e, { dangling: ['false'], label: ['pruning=yes'] });
    const freed = before - diskUse(root);
    assert.ok(bytes >= 2_000_000 && Math.abs(freed - bytes) < 0.05 * bytes, `said ${String(bytes)}, freed ${String(freed)}`);
    assert.equal((await prune(e, { dangling: ['false'], label: ['pruning=yes'] })).bytes, 0);
    await remove(e, `${stays}:1`);
  });

  test('the list: before, since, reference, label, dangling', async () => {
    const e = endpoint();
    const name = unique();
    for (const [tag, created] of [['a', '2010-01-01T00:00:00Z'], ['b', '2011-01-01T00:00:00Z'], ['c', '2012-01-01T00:00:00Z']] as const) await load(e, { tags: [`${name}:${tag}`], created, labels: { of: name, tag } });
    const list = async (filters: object): Promise<string[]> => (await e.api.get(`/images/json?${filterQuery(filters)}`)).as<ListedImage[]>().flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(name)).toSorted();
    assert.deepEqual(await list({ before: [`${name}:c`] }), [`${name}:a`, `${name}:b`]);
    assert.deepEqual(await list({ since: [`${name}:a`] }), [`${name}:b`, `${name}:c`]);
    assert.deepEqual(await list({ since: [`${name}:a`], before: [`${name}:c`] }), [`${name}:b`]);
    assert.deepEqual(await list({ reference: [`${name}:[ab]`] }), [`${name}:a`, `${name}:b`]);
    assert.deepEqual(await list({ reference: [`${name}:a`, `${name}:c`] }), [`${name}:a`, `${name}:c`]);
    assert.deepEqual(await list({ reference: [`${name.slice(0, -1)}?`] }), [`${name}:a`, `${name}:b`, `${name}:c`]);
    assert.deepEqual(await list({ label: [`of=${name}`, 'tag=b'] }), [`${name}:b`]);
    assert.deepEqual(await list({ label: [`of=${name}`], dangling: ['false'] }), [`${name}:a`, `${name}:b`, `${name}:c`]);
    assert.deepEqual(await list({ label: [`of=${name}`], dangling: ['true'] }), []);
    const unknown = await e.api.get(`/images/json?${filterQuery({ before: ['no-such-image'] })}`);
    assert.equal(unknown.status, 404, unknown.text);
    if (e.minor >= 43) assert.deepEqual(await list({ until: ['2011-06-01T00:00:00Z'] }), [`${name}:a`, `${name}:b`]);
    for (const tag of ['a', 'b', 'c']) await remove(e, `${name}:${tag}`);
  });

  test('system df counts a shared layer once, and says what is shared', async () => {
    const e = endpoint();
    const [first, second] = [unique(), unique()];
    const shared = [someFile(1_000_000)];
    const usage = async (): Promise<{ LayersSize: number; Images: ListedImage[] }> => (await e.api.get('/system/df')).as();
    const before = (await usage()).LayersSize;
    await load(e, { tags: [`${first}:1`], layers: [shared] });
    await load(e, { tags: [`${second}:1`], layers: [shared, [someFile(500_000)]] });
    const { LayersSize, Images } = await usage();
    assert.ok(LayersSize - before > 1_490_000 && LayersSize - before < 1_600_000, String(LayersSize - before));
    const image = Images.find(({ RepoTags }) => RepoTags?.includes(`${second}:1`));
    assert.deepEqual([image?.SharedSize, image?.Size, image?.Containers], [1_000_000, 1_500_000, 0]);
    if (e.minor >= 42) assert.deepEqual(Object.keys((await e.api.get('/v1.42/system/df?type=image')).as<object>()).toSorted(), ['Images', 'LayersSize']);
    await remove(e, `${first}:1`);
    await remove(e, `${second}:1`);
  });
});
