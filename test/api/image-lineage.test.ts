import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImageDeleteItem, ImageHistoryItem, ImageSummary } from '../../src/api/wire/image.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { tinyImage } from '../fixtures/tiny-image.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { type Endpoint, onEveryEndpoint } from './endpoint.ts';

type Listed = Omit<ImageSummary, 'RepoTags' | 'RepoDigests'> & { RepoTags: string[] | null; RepoDigests: string[] | null };

const unique = (): string => uniqueName('line').toLowerCase();

/** A layer with one file onto an image. @returns the new image's id */
async function commit(e: Endpoint, image: string, name: string, query = ''): Promise<string> {
  await using container = await e.container({ Image: image, Cmd: ['/none'] });
  await e.api.call('PUT', `${container.at('/archive')}?path=/`, { body: rawTar([{ name: `file-of-${name}`, body: name }]), headers: { 'Content-Type': 'application/x-tar' } });
  const reply = await e.api.post(`/commit?container=${container.id}&repo=${name}&tag=1${query}`, {});
  assert.equal(reply.status, 201, reply.text);
  return reply.as<{ Id: string }>().Id;
}

const list = async ({ api }: Endpoint, query = ''): Promise<Map<string, Listed>> => new Map((await api.get(`/images/json${query}`)).as<Listed[]>().map((image) => [image.Id, image]));
const dangling = `?filters=${encodeURIComponent('{"dangling":["true"]}')}`;

async function remove({ api }: Endpoint, name: string, query = ''): Promise<ImageDeleteItem[]> {
  const reply = await api.delete(`/images/${name}${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ImageDeleteItem[]>();
}

const deleted = (items: readonly ImageDeleteItem[]): string[] => items.flatMap(({ Deleted }) => Deleted ?? []);

onEveryEndpoint('images that stand on images', (endpoint) => {
  test('what others stand on and nobody names is shown by `all` only, does not dangle, and goes with the last of them unless that is not wanted', async () => {
    const e = endpoint();
    for (const noprune of [false, true]) {
      const [lower, upper] = [unique(), unique()];
      const lowerId = await commit(e, 'busybox', lower);
      const upperId = await commit(e, `${lower}:1`, upper);
      assert.deepEqual(await remove(e, `${lower}:1`), [{ Untagged: `${lower}:1` }]);
      assert.ok(!(await list(e)).has(lowerId));
      assert.ok(!(await list(e, dangling)).has(lowerId));
      const shown = (await list(e, '?all=1')).get(lowerId);
      assert.ok(shown);
      assert.equal((await list(e, '?all=1')).get(upperId)?.ParentId, lowerId);
      const refused = await e.api.delete(`/images/${lowerId}?force=1`);
      assert.equal(refused.status, 409);
      assert.match(refused.message, /cannot be forced\) - image has dependent child images/);
      const items = await remove(e, `${upper}:1`, noprune ? '?noprune=1' : '');
      assert.ok(deleted(items).includes(upperId));
      assert.equal(deleted(items).includes(lowerId), !noprune, JSON.stringify(items));
      if (noprune) {
        assert.ok((await list(e, dangling)).has(lowerId));
        await remove(e, lowerId);
      }
      assert.ok(!(await list(e, '?all=1')).has(lowerId));
    }
  });

  test('docker images -a, -q, --no-trunc and formats tell the same', async () => {
    const e = endpoint();
    const [lower, upper] = [unique(), unique()];
    const lowerId = await commit(e, 'busybox', lower);
    const upperId = await commit(e, `${lower}:1`, upper);
    await remove(e, `${lower}:1`);
    const ids = async (...args: string[]): Promise<string[]> => (await e.docker.ok('images', '--quiet', '--no-trunc', ...args)).split('\n');
    assert.deepEqual([(await ids()).includes(lowerId), (await ids('-a')).includes(lowerId), (await ids()).includes(upperId)], [false, true, true]);
    assert.match(await e.docker.ok('images', '-a', '--format', '{{.ID}} {{.Repository}} {{.Tag}}'), new RegExp(`^${lowerId.slice(7, 19)} <none> <none>$`, 'm'));
    await remove(e, `${upper}:1`);
  });

  test('history: steps of a commit with their ids, comment and author; of a loaded image only the top one has an id', async () => {
    const e = endpoint();
    const [lower, upper] = [unique(), unique()];
    const lowerId = await commit(e, 'busybox', lower, '&comment=the%20first&author=somebody');
    const upperId = await commit(e, `${lower}:1`, upper, '&comment=the%20second');
    const history = (await e.api.get(`/images/${upper}:1/history`)).as<ImageHistoryItem[]>();
    assert.deepEqual(history.slice(0, 2).map(({ Id, Comment, CreatedBy, Size, Tags }) => ({ Id, Comment, CreatedBy, Size, Tags })), [
      { Id: upperId, Comment: 'the second', CreatedBy: '/none', Size: upper.length, Tags: [`${upper}:1`] },
      { Id: lowerId, Comment: 'the first', CreatedBy: '/none', Size: lower.length, Tags: [`${lower}:1`] },
    ]);
    const base = (await e.api.get('/images/busybox/json')).as<{ Id: string }>().Id;
    assert.equal(history[2]?.Id, base);
    assert.ok(history.slice(3).length > 0 && history.slice(3).every(({ Id }) => Id === '<missing>'));
    assert.ok(history.every(({ Created }, index) => index === 0 || Created <= (history[index - 1]?.Created ?? 0) || index >= 2));
    await remove(e, `${upper}:1`);
    await remove(e, `${lower}:1`);
  });

  test('history of an import, and of an image whose config has no history', async () => {
    const e = endpoint();
    const name = unique();
    const imported = await e.api.call('POST', `/images/create?fromSrc=-&repo=${name}&tag=1&message=from%20a%20test`, { body: rawTar([{ name: 'a', body: 'abc' }]), headers: { 'Content-Type': 'application/x-tar' } });
    assert.equal(imported.status, 200, imported.text);
    const [only, ...none] = (await e.api.get(`/images/${name}:1/history`)).as<ImageHistoryItem[]>();
    assert.deepEqual([only?.Comment, only?.CreatedBy, only?.Size, none], ['from a test', '', 3, []]);
    await remove(e, `${name}:1`);
    const { archive } = tinyImage({ tags: [`${name}:2`], layers: [[{ name: 'a', body: 'abc' }], [{ name: 'b', body: 'b' }]] });
    await e.api.call('POST', '/images/load', { body: archive, headers: { 'Content-Type': 'application/x-tar' } });
    const reply = await e.api.get(`/images/${name}:2/history`);
    assert.equal(reply.status, 200, reply.text);
    await remove(e, `${name}:2`);
  });
});

const why = missing({ tools: REGISTRY_TOOLS });

onEveryEndpoint('digests of images', (endpoint) => {
  let registry: RegistryProgram;
  before(async () => {
    if (why !== false) return;
    const { network } = endpoint();
    registry = await RegistryProgram.start(network === undefined ? {} : { network });
  });
  after(async () => { if (why === false) await registry[Symbol.asyncDispose](); });

  test('docker images --digests, names by digest, and an image that has nothing but a digest', { skip: why }, async () => {
    const e = endpoint();
    const name = await registry.publish(`docker-archive:${e.images.noshell}`, 'digests:1');
    const repository = name.replace(/:1$/, '');
    const pulled = await e.docker.ok('pull', name);
    const digest = /sha256:[0-9a-f]{64}/.exec(pulled)?.[0] ?? '';
    const id = (await e.api.get(`/images/${name}/json`)).as<{ Id: string }>().Id;
    const shown = async (...args: string[]): Promise<string> => e.docker.ok('images', '--digests', '--no-trunc', '--format', '{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}', ...args);
    assert.equal(await shown(repository), `${repository} 1 ${digest} ${id}`);
    assert.equal((await e.api.get(`/images/${repository}@${digest}/json`)).as<{ Id: string }>().Id, id);
    await e.docker.ok('rmi', name);
    assert.equal(await e.docker.ok('pull', '--quiet', `${repository}@${digest}`), `${repository}@${digest}`);
    assert.equal(await shown(repository), `${repository} <none> ${digest} ${id}`);
    const tagged = await e.api.post(`/images/${id}/tag?repo=${encodeURIComponent(repository)}&tag=2`);
    assert.equal(tagged.status, 201, tagged.text);
    assert.equal(await shown(repository), `${repository} 2 ${digest} ${id}`);
    const items = await remove(e, id);
    assert.deepEqual(items.flatMap(({ Untagged }) => Untagged ?? []).toSorted(), [`${repository}:2`, `${repository}@${digest}`].toSorted());
    assert.deepEqual(deleted(items)[0], id);
  });
});
