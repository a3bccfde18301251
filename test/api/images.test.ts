import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { ImageDeleteItem, ImageHistoryItem, ImageInspect, ImageSummary, ProgressMessage } from '../../src/api/wire/image.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { assertBadRequest, onEveryEndpoint, type Endpoint } from './endpoint.ts';

const load = async ({ api }: Endpoint, file: string, query = ''): Promise<ProgressMessage[]> => {
  const reply = await api.call('POST', `/images/load${query}`, { body: createReadStream(file), headers: { 'Content-Type': 'application/x-tar' } });
  assert.equal(reply.status, 200, reply.text);
  return reply.lines<ProgressMessage>();
};

const inspect = async ({ api }: Endpoint, name: string): Promise<ImageInspect> => {
  const reply = await api.get(`/images/${name}/json`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ImageInspect>();
};

onEveryEndpoint('images', (endpoint) => {
  test('load says what it has loaded', async () => {
    const lines = await load(endpoint(), endpoint().images.busybox);
    const text = lines.map(({ stream }) => stream ?? '').join('');
    assert.match(text, /^Loaded image: busybox:latest$/m);
    assert.match(text, /^Loaded image: busybox:1$/m);
  });

  test('a quiet load still says what it has loaded', async () => {
    const lines = await load(endpoint(), endpoint().images.layers, '?quiet=1');
    assert.match(lines.map(({ stream }) => stream ?? '').join(''), /Loaded image: layers:latest\n/);
  });

  test('list shows tags, size and the number of layers that inspect shows', async () => {
    const all = (await endpoint().api.get('/images/json')).as<ImageSummary[]>();
    const found = all.find(({ RepoTags }) => RepoTags.includes('busybox:latest'));
    assert.ok(found);
    assert.deepEqual(found.RepoTags.toSorted(), ['busybox:1', 'busybox:latest']);
    assert.match(found.Id, /^sha256:[0-9a-f]{64}$/);
    assert.ok(found.Size > 1_900_000 && found.Size < 4_000_000, `size ${String(found.Size)}`);
    assert.equal(found.Labels?.['org.strata.test'], 'busybox');
    assert.equal(typeof found.Created, 'number');
  });

  test('inspect by name, tag, id and short id is the same image', async () => {
    const e = endpoint();
    const image = await inspect(e, 'busybox');
    const hex = image.Id.slice('sha256:'.length);
    for (const name of ['busybox:latest', 'busybox:1', 'docker.io/library/busybox:latest', image.Id, hex, hex.slice(0, 12)]) assert.equal((await inspect(e, name)).Id, image.Id, name);
    assert.deepEqual(image.RepoTags.toSorted(), ['busybox:1', 'busybox:latest']);
    assert.equal(image.Os, 'linux');
    assert.equal(image.RootFS.Type, 'layers');
    assert.equal(image.RootFS.Layers.length, 4);
    assert.deepEqual(image.Config.Cmd, ['sh']);
    assert.deepEqual(image.Config.Env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
    assert.match(image.GraphDriver.Name, /^overlay/);
    assert.match(image.Created, /^\d{4}-\d\d-\d\dT/);
  });

  test('the id of an image is the digest of its config, as other tools see it', async () => {
    const e = endpoint();
    const layout = e.images.busyboxLayout;
    const index = JSON.parse(await readFile(`${layout}/index.json`, 'utf8')) as { manifests: { digest: string }[] };
    const manifest = JSON.parse(await readFile(`${layout}/blobs/${index.manifests[0]?.digest.replace(':', '/') ?? ''}`, 'utf8')) as { config: { digest: string } };
    assert.equal((await inspect(e, 'busybox')).Id, manifest.config.digest);
  });

  test('history shows a line per step, newest first, sizes on those that made a layer', async () => {
    const history = (await endpoint().api.get('/images/busybox/history')).as<ImageHistoryItem[]>();
    assert.ok(history.length >= 5);
    assert.match(history[0]?.Id ?? '', /^sha256:/);
    assert.ok(history[0]?.Tags?.includes('busybox:latest'));
    assert.ok(history.every(({ CreatedBy }) => CreatedBy.startsWith('umoci')), JSON.stringify(history));
    assert.ok((history.at(-1)?.Size ?? 0) > 1_900_000);
    assert.equal(history[0]?.Size, 0);
  });

  test('tag adds a name and replaces one', async () => {
    const e = endpoint();
    const name = uniqueName('tag').toLowerCase();
    assert.equal((await e.api.post(`/images/busybox/tag?repo=${name}&tag=one`)).status, 201);
    assert.equal((await e.api.post(`/images/busybox/tag?repo=registry.example:5000/a/${name}`)).status, 201);
    assert.equal((await inspect(e, `${name}:one`)).Id, (await inspect(e, 'busybox')).Id);
    assert.ok((await inspect(e, 'busybox')).RepoTags.includes(`registry.example:5000/a/${name}:latest`));
    assert.equal((await e.api.post(`/images/layers/tag?repo=${name}&tag=one`)).status, 201);
    assert.equal((await inspect(e, `${name}:one`)).Id, (await inspect(e, 'layers')).Id);
    await e.api.delete(`/images/${name}:one`);
    await e.api.delete(`/images/registry.example:5000/a/${name}`);
  });

  test('removing one name of many only untags', async () => {
    const e = endpoint();
    const name = uniqueName('untag').toLowerCase();
    await e.api.post(`/images/busybox/tag?repo=${name}`);
    const removed = await e.api.delete(`/images/${name}`);
    assert.equal(removed.status, 200);
    assert.deepEqual(removed.as<ImageDeleteItem[]>(), [{ Untagged: `${name}:latest` }]);
    assert.equal((await e.api.get(`/images/${name}/json`)).status, 404);
    assert.equal((await e.api.get('/images/busybox/json')).status, 200);
  });

  test('removing the last name deletes the image and says so', async () => {
    const e = endpoint();
    await load(e, e.images.noshell);
    const { Id } = await inspect(e, 'noshell');
    const removed = await e.api.delete('/images/noshell');
    assert.equal(removed.status, 200);
    const items = removed.as<ImageDeleteItem[]>();
    assert.ok(items.some(({ Untagged }) => Untagged === 'noshell:latest'));
    assert.ok(items.some(({ Deleted }) => Deleted === Id));
    assert.equal((await e.api.get(`/images/${Id}/json`)).status, 404);
  });

  test('an image can be loaded again after it was removed, and works', async () => {
    const e = endpoint();
    await load(e, e.images.layers);
    await e.api.delete('/images/layers?force=1');
    await load(e, e.images.layers);
    assert.equal(await e.docker.ok('run', '--rm', 'layers', 'cat', '/data/kept'), 'kept');
  });

  test('an image in use is not removed: 409 that names the container; with force it goes when the container is stopped', async () => {
    const e = endpoint();
    await load(e, e.images.layers);
    {
      await using running = await e.started({ Image: 'layers', Cmd: ['sh', '-c', 'while :; do read -t 100 x < /dev/zero; done'] });
      for (const query of ['', '?force=1']) {
        const { Id } = await inspect(e, 'layers');
        const reply = await e.api.delete(`/images/${Id}${query}`);
        assert.equal(reply.status, 409, reply.text);
        assert.match(reply.message, new RegExp(`conflict: unable to (delete|remove).*${running.id.slice(0, 12)}`));
      }
    }
    await using stopped = await e.container({ Image: 'layers', Cmd: ['sh'] });
    const reply = await e.api.delete('/images/layers');
    assert.equal(reply.status, 409, reply.text);
    assert.match(reply.message, new RegExp(`conflict: unable to remove repository reference "layers" \\(must force\\) - container ${stopped.id.slice(0, 12)} is using its referenced image [0-9a-f]{12}`));
    assert.equal((await e.api.delete('/images/layers?force=1')).status, 200);
  });

  test('what is not there: 404 with the name', async () => {
    const { api } = endpoint();
    for (const [method, path] of [['GET', '/images/no-such/json'], ['GET', '/images/no-such:tag/history'], ['DELETE', '/images/no-such'], ['POST', '/images/no-such/tag?repo=x']] as const) {
      const reply = await api.call(method, path);
      assert.equal(reply.status, 404, `${method} ${path}: ${reply.text}`);
      assert.match(reply.message, /(^|: )No such image: no-such:(latest|tag)$/i, `${method} ${path}`);
    }
  });

  test('bad names and bad filters are 400', async () => {
    const { api } = endpoint();
    assertBadRequest(endpoint(), await api.post('/images/busybox/tag?repo=UPPER'));
    assertBadRequest(endpoint(), await api.post('/images/busybox/tag?repo=ok&tag=not%20ok'));
    assertBadRequest(endpoint(), await api.get('/images/json?filters=nonsense'));
    const unknown = await api.get(`/images/json?filters=${encodeURIComponent('{"nope":["x"]}')}`);
    assert.equal(unknown.status, 400);
    assert.match(unknown.message, /invalid filter/i);
  });

  test('filters of the list: reference, label, dangling', async () => {
    const { api } = endpoint();
    const ids = async (filters: object): Promise<string[]> => (await api.get(`/images/json?filters=${encodeURIComponent(JSON.stringify(filters))}`)).as<ImageSummary[]>().flatMap(({ RepoTags }) => RepoTags);
    assert.deepEqual((await ids({ reference: ['busybox'] })).toSorted(), ['busybox:1', 'busybox:latest']);
    assert.deepEqual(await ids({ reference: { 'busybox:1': true } }), ['busybox:1']);
    assert.deepEqual(await ids({ reference: ['nope*'] }), []);
    assert.ok((await ids({ label: ['org.strata.test=busybox'] })).includes('busybox:latest'));
    assert.deepEqual(await ids({ label: ['org.strata.test=other'] }), []);
    assert.deepEqual(await ids({ dangling: ['true'] }), []);
  });

  test('layers come out as other tools put them in: whiteout, opaque directory, links, modes, owners, names', async () => {
    const e = endpoint();
    await load(e, e.images.layers);
    const show = await e.docker.ok('run', '--rm', 'layers', 'sh', '-c', 'cd /data; for f in * opaque/*; do echo "$f"; done; cat changed hardlink symlink; stat -c "%n %a %u:%g %h" kept changed owned setuid; readlink dangling');
    assert.deepEqual(show.split('\n').filter((line) => !line.startsWith('long-')), [
      'changed', 'dangling', 'hardlink', 'kept', 'opaque', 'owned', 'setuid', 'symlink', 'ünï-名', 'opaque/above', 'new', 'kept', 'kept',
      'kept 644 0:0 2', 'changed 644 0:0 1', 'owned 600 123:456 1', 'setuid 4755 0:0 1', '/nowhere',
    ]);
  });

  test('docker images, history and rmi', async () => {
    const { docker } = endpoint();
    assert.match(await docker.ok('images', 'busybox'), /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nbusybox +(latest|1) /);
    assert.match(await docker.ok('history', 'busybox'), /umoci insert/);
    await docker.ok('tag', 'busybox', 'to-be-removed:now');
    assert.equal(await docker.ok('rmi', 'to-be-removed:now'), 'Untagged: to-be-removed:now');
    const failed = await docker.run(['rmi', 'never-there']);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /No such image: never-there:latest/i);
  });
});
