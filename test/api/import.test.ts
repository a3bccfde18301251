import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ImageHistoryItem, ImageInspect, ProgressMessage } from '../../src/api/wire/image.ts';
import { Program } from '../fixtures/program.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { findTool } from '../fixtures/requirements.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type Endpoint } from './endpoint.ts';

const TREE = rawTar([{ name: 'etc/', type: '5' }, { name: 'etc/motd', body: 'imported\n' }, { name: 'link', type: '2', link: 'etc/motd' }]);
const DIFF_ID = `sha256:${createHash('sha256').update(TREE).digest('hex')}`;

const importTree = async ({ api }: Endpoint, query: string, body: Buffer = TREE): Promise<string> => {
  const reply = await api.call('POST', `/images/create?fromSrc=-${query}`, { body, headers: { 'Content-Type': 'application/x-tar' } });
  assert.equal(reply.status, 200, reply.text);
  const last = reply.lines<ProgressMessage>().at(-1);
  assert.match(last?.status ?? '', /^sha256:[0-9a-f]{64}$/, reply.text);
  return last?.status ?? '';
};

const inspect = async ({ api }: Endpoint, name: string): Promise<ImageInspect> => {
  const reply = await api.get(`/images/${name}/json`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ImageInspect>();
};

onEveryEndpoint('import', (endpoint) => {
  test('a tar becomes an image of one layer, whose diffId is the digest of the tar, however it is compressed', async () => {
    const e = endpoint();
    const byProgram = (name: string): Buffer => execFileSync(findTool(name) ?? name, ['-c'], { input: TREE });
    for (const body of [TREE, gzipSync(TREE), byProgram('xz'), byProgram('bzip2')]) {
      const image = await inspect(e, await importTree(e, '', body));
      assert.deepEqual(image.RootFS, { Type: 'layers', Layers: [DIFF_ID] });
      assert.deepEqual(image.RepoTags, []);
      assert.equal(image.Os, 'linux');
      assert.equal(image.Comment, 'Imported from -');
      assert.ok(Date.now() - Date.parse(image.Created) < 60_000);
    }
  });

  test('name, tag, message, platform and changes', async () => {
    const e = endpoint();
    const name = uniqueName('import').toLowerCase();
    const changes = ['CMD ["cat","/etc/motd"]', 'ENV A=1 B="two words"', 'EXPOSE 80', 'LABEL made=here', 'WORKDIR /etc', 'USER 7:8', 'VOLUME /data', 'ONBUILD RUN true', 'HEALTHCHECK --interval=5s CMD true'];
    const id = await importTree(e, `&repo=${name}&tag=one&message=hello&platform=linux/arm64&${changes.map((change) => `changes=${encodeURIComponent(change)}`).join('&')}`);
    const image = await inspect(e, `${name}:one`);
    assert.equal(image.Id, id);
    assert.deepEqual(image.RepoTags, [`${name}:one`]);
    assert.equal(image.Comment, 'hello');
    // dockerd before 23.0 writes its own architecture into every import.
    if (e.minor >= 42) assert.equal(image.Architecture, 'arm64');
    const { Config } = image;
    assert.deepEqual(Config.Cmd, ['cat', '/etc/motd']);
    assert.deepEqual(Config.Env, ['A=1', 'B=two words']);
    assert.deepEqual(Config.ExposedPorts, { '80/tcp': {} });
    assert.deepEqual(Config.Labels, { made: 'here' });
    assert.equal(Config.WorkingDir, '/etc');
    assert.equal(Config.User, '7:8');
    assert.deepEqual(Config.Volumes, { '/data': {} });
    assert.deepEqual(Config.OnBuild, ['RUN true']);
    assert.deepEqual(Config.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 5e9 });
    const history = (await e.api.get(`/images/${name}:one/history`)).as<ImageHistoryItem[]>();
    assert.equal(history.length, 1);
    assert.equal(history[0]?.Comment, 'hello');
    // dockerd's overlay2 counts the targets of symlinks as well.
    assert.ok([9, 17].includes(history[0].Size), String(history[0].Size));
    await e.api.delete(`/images/${name}:one`);
  });

  test('a name without a tag gets latest; a second import takes the name from the first', async () => {
    const e = endpoint();
    const name = uniqueName('import').toLowerCase();
    const first = await importTree(e, `&repo=${name}`);
    const second = await importTree(e, `&repo=${name}&message=second`);
    assert.notEqual(first, second);
    assert.equal((await inspect(e, `${name}:latest`)).Id, second);
    assert.deepEqual((await inspect(e, first)).RepoTags, []);
  });

  test('events: tag, then import', async () => {
    const e = endpoint();
    const since = Math.floor(Date.now() / 1000);
    const name = uniqueName('import').toLowerCase();
    const id = await importTree(e, `&repo=${name}&tag=1`);
    const reply = await e.api.get(`/events?since=${String(since)}&until=${String(Math.ceil(Date.now() / 1000) + 1)}&filters=${encodeURIComponent(JSON.stringify({ type: ['image'] }))}`);
    const own = reply.lines<{ Action: string; Actor: { ID: string; Attributes: { name: string } } }>().filter(({ Actor }) => Actor.ID === id);
    assert.deepEqual(own.map(({ Action, Actor }) => [Action, Actor.Attributes.name]), [['tag', `${name}:1`], ['import', id]]);
  });

  test('bad names, changes, platforms and addresses are refused before anything is read', async () => {
    const e = endpoint();
    for (const [query, message] of [
      ['repo=UPPER', /must be lowercase/], [`repo=x@sha256:${'0'.repeat(64)}`, /cannot import digest reference/], ['changes=FOO%20bar', /foo is not a valid change command/],
      ['changes=RUN%20x', /run is not a valid change command/], ['changes=ENV%20x', /ENV must have two arguments/], ['platform=windows', /operating system is not supported/],
    ] as const) {
      const reply = await e.api.call('POST', `/images/create?fromSrc=-&${query}`, { body: TREE });
      assertBadRequest(e, reply, query);
      assert.match(reply.message, message, query);
    }
    const scheme = await e.api.post('/images/create?fromSrc=ftp://x/y');
    assert.ok([400, 500].includes(scheme.status), scheme.text);
    assert.match(scheme.message, /unsupported protocol scheme "ftp"/);
    const refused = await e.api.post('/images/create?fromSrc=http://127.0.0.1:1/x.tar');
    assert.equal(refused.status, 500, refused.text);
    assert.match(refused.message, /^Get "http:\/\/127\.0\.0\.1:1\/x\.tar": /);
  });

  test('what is cut off leaves no image', async () => {
    const e = endpoint();
    const name = uniqueName('import').toLowerCase();
    const reply = await e.api.call('POST', `/images/create?fromSrc=-&repo=${name}`, { body: gzipSync(TREE).subarray(0, -12) });
    assert.notEqual(reply.status === 200 ? reply.lines<ProgressMessage>().at(-1)?.error : reply.message, undefined, reply.text);
    assert.equal((await e.api.get(`/images/${name}/json`)).status, 404);
  });

  test('docker import from a file, from standard input, with changes; the image runs', async () => {
    const { docker } = endpoint();
    await using scratch = await Scratch.create('import');
    const busybox = findTool('busybox') ?? '';
    const rootfs = scratch.file('rootfs.tar');
    execFileSync('tar', ['-C', '/', '-cf', rootfs, busybox.slice(1)]);
    const name = uniqueName('import').toLowerCase();
    assert.match(await docker.ok('import', '--change', `ENTRYPOINT ["${busybox}"]`, '--change', 'ENV GREETING=hello', '--message', 'from a file', rootfs, `${name}:file`), /^sha256:/);
    assert.equal(await docker.ok('run', '--rm', `${name}:file`, 'sh', '-c', 'echo $GREETING'), 'hello');
    const piped = await docker.run(['import', '-', `${name}:stdin`], { input: TREE });
    assert.match(piped.stdout, /^sha256:[0-9a-f]{64}\n$/, piped.stderr);
  });
});

onEveryEndpoint('import from an address', (endpoint) => {
  const cleanup = new AsyncDisposableStack();
  after(() => cleanup.disposeAsync());
  before(async () => {
    const { network } = endpoint();
    assert.ok(network);
    const scratch = cleanup.use(await Scratch.create('import'));
    writeFileSync(scratch.file('tree.tar'), TREE);
    cleanup.use(new Program(network.enter([findTool('busybox') ?? 'busybox', 'httpd', '-f', '-p', '127.0.0.1:8099', '-h', scratch.path])));
    await waitUntil('the web server to answer', async () => {
      const reply = await endpoint().api.post('/images/create?fromSrc=http://127.0.0.1:8099/none.tar');
      return /404/.test(reply.text);
    });
  });

  test('it is fetched, with progress, and what is not there fails', async () => {
    const e = endpoint();
    const reply = await e.api.post('/images/create?fromSrc=http://127.0.0.1:8099/tree.tar');
    assert.equal(reply.status, 200, reply.text);
    const lines = reply.lines<ProgressMessage>();
    assert.equal(lines[0]?.status, 'Downloading from http://127.0.0.1:8099/tree.tar');
    const bar = lines.findLast(({ status }) => status === 'Importing');
    assert.deepEqual(bar?.progressDetail, { current: TREE.length, total: TREE.length });
    const image = await inspect(e, lines.at(-1)?.status ?? '');
    assert.deepEqual(image.RootFS.Layers, [DIFF_ID]);
    assert.equal(image.Comment, 'Imported from http://127.0.0.1:8099/tree.tar');
    const missing = await e.api.post('/images/create?fromSrc=http://127.0.0.1:8099/none.tar');
    assert.equal(missing.status, 404, missing.text);
    assert.match(missing.message, /404/);
  });
}, ['dockerd', 'strata']);
