import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { ImageInspect } from '../../src/api/wire/image.ts';
import { ImageTools } from '../fixtures/image-tools.ts';
import { findTool, missing } from '../fixtures/requirements.ts';
import { type Endpoint, onEveryEndpoint } from './endpoint.ts';

const TOOLS = missing({ root: true, tools: ['podman', 'buildah', 'skopeo', 'umoci'] });

const inspect = async ({ api }: Endpoint, name: string): Promise<ImageInspect> => {
  const reply = await api.get(`/images/${name}/json`);
  assert.equal(reply.status, 200, reply.text);
  return reply.as<ImageInspect>();
};

/** What another tool sees in an archive: the id and the layers. */
const seen = async (tools: ImageTools, archive: string): Promise<{ id: string; diffIds: string[] }> => {
  const config = JSON.parse(await tools.skopeo('inspect', '--config', '--raw', archive)) as { rootfs: { diff_ids: string[] } };
  const manifest = JSON.parse(await tools.skopeo('inspect', '--raw', archive)) as { config: { digest: string } };
  return { id: manifest.config.digest, diffIds: config.rootfs.diff_ids };
};

onEveryEndpoint('archives of other tools', (endpoint) => {
  let tools: ImageTools;
  before(async () => { tools = await ImageTools.create(); });
  after(() => tools[Symbol.asyncDispose]());

  const load = async (file: string): Promise<string> => endpoint().docker.ok('load', '--input', file);

  test('an image of buildah and podman comes in with its id, and goes back the same', { skip: TOOLS }, async () => {
    const e = endpoint();
    const container = await tools.buildah('from', 'scratch');
    writeFileSync(tools.file('hello'), 'hello\n');
    await tools.buildah('copy', container, tools.file('hello'), '/hello');
    await tools.buildah('config', '--cmd', 'cat /hello', '--label', 'made.by=buildah', container);
    await tools.buildah('commit', container, 'localhost/built:one');
    const id = `sha256:${(await tools.podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/built:one')).replace(/^sha256:/, '')}`;
    const archive = tools.file('podman.tar');
    await tools.podman('save', '--format', 'docker-archive', '--output', archive, 'localhost/built:one');
    // The id is the digest of the config, which podman writes anew for docker's format.
    const theirs = await seen(tools, `docker-archive:${archive}`);
    assert.match(await load(archive), /Loaded image: localhost\/built:one/);
    const image = await inspect(e, 'localhost/built:one');
    assert.equal(image.Id, theirs.id);
    assert.deepEqual(image.RootFS.Layers, theirs.diffIds);
    assert.equal(image.Config.Labels?.['made.by'], 'buildah');
    const saved = tools.file('saved.tar');
    await e.docker.ok('save', '--output', saved, 'localhost/built:one');
    assert.equal((await seen(tools, `docker-archive:${saved}`)).id, theirs.id);
    await tools.podman('rmi', '--force', 'localhost/built:one');
    assert.match(await tools.podman('load', '--input', saved), /localhost\/built:one/);
    const back = await tools.podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/built:one');
    assert.ok([theirs.id, id].includes(`sha256:${back.replace(/^sha256:/, '')}`), back);
  });

  for (const program of ['gzip', 'xz', 'bzip2'] as const) {
    test(`a docker archive compressed with ${program}, on standard input`, { skip: missing({ tools: [program] }) }, async () => {
      const e = endpoint();
      const { id } = await seen(tools, `docker-archive:${e.images.layers}`);
      const result = await e.docker.run(['load', '--quiet'], { input: execFileSync(findTool(program) ?? program, ['-c', e.images.layers], { maxBuffer: 1e8 }) });
      assert.equal(result.code, 0, result.stderr);
      assert.match(result.stdout, /Loaded image: layers:latest/);
      assert.equal((await inspect(e, 'layers')).Id, id);
      await e.docker.ok('rmi', '--force', 'layers');
    });
  }

  test('several images and several names in one archive, through standard output and back', async () => {
    const e = endpoint();
    await load(e.images.layers);
    await load(e.images.noshell);
    const [first, second] = [(await inspect(e, 'layers')).Id, (await inspect(e, 'noshell')).Id];
    const saved = await e.docker.run(['save', 'layers', 'noshell', 'busybox:1', 'busybox:latest']);
    assert.equal(saved.code, 0, saved.stderr);
    await e.docker.ok('rmi', '--force', 'layers', 'noshell');
    const loaded = await e.docker.run(['load'], { input: saved.stdoutBytes });
    for (const name of ['layers:latest', 'noshell:latest', 'busybox:1', 'busybox:latest']) assert.ok(loaded.stdout.includes(`Loaded image: ${name}\n`), loaded.stdout + loaded.stderr);
    assert.deepEqual([(await inspect(e, 'layers')).Id, (await inspect(e, 'noshell')).Id], [first, second]);
    const names = JSON.parse(execFileSync('tar', ['-xO', 'manifest.json'], { input: saved.stdoutBytes, maxBuffer: 1e8 }).toString()) as { RepoTags: string[] }[];
    assert.deepEqual(names.flatMap(({ RepoTags }) => RepoTags).toSorted(), ['busybox:1', 'busybox:latest', 'layers:latest', 'noshell:latest']);
  });

  test('an image saved by its id has no name, and is dangling when it is loaded', async () => {
    const e = endpoint();
    await load(e.images.noshell);
    const { Id } = await inspect(e, 'noshell');
    const saved = await e.docker.run(['save', Id]);
    await e.docker.ok('rmi', '--force', 'noshell');
    const loaded = await e.docker.run(['load'], { input: saved.stdoutBytes });
    assert.match(loaded.stdout, new RegExp(`Loaded image ID: ${Id}\\n`), loaded.stderr);
    assert.deepEqual((await inspect(e, Id)).RepoTags, []);
    assert.match(await e.docker.ok('images', '--filter', 'dangling=true', '--no-trunc'), new RegExp(`<none> +<none> +${Id}`));
    await e.docker.ok('rmi', Id);
  });
});

onEveryEndpoint('OCI layouts', (endpoint) => {
  let tools: ImageTools;
  before(async () => { tools = await ImageTools.create(); });
  after(() => tools[Symbol.asyncDispose]());

  test('the same image under two manifests: both can be had, and saved again byte for byte', async () => {
    const e = endpoint();
    const digests: string[] = [];
    const zstd = tools.file('zstd.tar');
    await tools.skopeo('copy', '-q', '--dest-compress', '--dest-compress-format', 'zstd', `oci-archive:${e.images.busyboxOci}`, `oci-archive:${zstd}:busybox:latest`);
    const files = [e.images.busyboxOci, zstd];
    for (const file of files) {
      await e.docker.ok('load', '--input', file);
      const layout = JSON.parse(execFileSync('tar', ['-xOf', file, 'index.json']).toString()) as { manifests: { digest: string }[] };
      digests.push(layout.manifests[0]?.digest ?? '');
    }
    assert.notEqual(digests[0], digests[1]);
    const image = await inspect(e, 'busybox');
    assert.deepEqual(image.RepoDigests.toSorted(), digests.map((digest) => `busybox@${digest}`).toSorted());
    for (const [index, file] of files.entries()) {
      assert.equal((await inspect(e, `busybox@${digests[index] ?? ''}`)).Id, image.Id);
      const saved = tools.file(`saved-${String(index)}.tar`);
      await e.docker.ok('save', '--output', saved, `busybox@${digests[index] ?? ''}`);
      assert.equal(await tools.skopeo('inspect', '--raw', `oci-archive:${saved}`), await tools.skopeo('inspect', '--raw', `oci-archive:${file}`));
      // Reads every blob and compares its digest.
      await tools.skopeo('copy', '-q', `oci-archive:${saved}`, `oci:${tools.file(`copy-${String(index)}`)}:x`);
    }
  });

  test('inspect and list tell the manifests, and refuse another platform', async () => {
    const e = endpoint();
    const image = (await e.api.get('/images/busybox/json?manifests=1')).as<ImageInspect>();
    assert.equal(image.Manifests?.length, 2);
    assert.ok(image.Manifests.every(({ Available, Kind, Size }) => Available && Kind === 'image' && Size.Total > Size.Content && Size.Content > 500_000));
    assert.ok(image.Manifests.some(({ ID }) => ID === image.Descriptor?.digest));
    const list = (await e.api.get('/images/json?manifests=1')).as<ImageInspect[]>();
    assert.equal(list.find(({ Id }) => Id === image.Id)?.Manifests?.length, 2);
    const platform = (architecture: string): string => encodeURIComponent(JSON.stringify({ os: 'linux', architecture }));
    assert.equal((await e.api.get(`/images/busybox/json?platform=${platform(image.Architecture)}`)).status, 200);
    for (const path of [`/images/busybox/json?platform=${platform('s390x')}`, `/images/busybox/get?platform=${platform('s390x')}`]) {
      const reply = await e.api.get(path);
      assert.equal(reply.status, 404, path);
      assert.match(reply.message, /does not provide the specified platform \(linux\/s390x\)/);
    }
  });

  test('an index for several platforms: the one of this machine is loaded, another by its name', async () => {
    const e = endpoint();
    const { Architecture } = await inspect(e, 'busybox');
    const foreign = Architecture === 'arm64' ? 'amd64' : 'arm64';
    const layout = tools.file('multi');
    const ids: Record<string, string> = {};
    execFileSync('umoci', ['init', '--layout', layout]);
    for (const architecture of [Architecture, foreign]) {
      execFileSync('umoci', ['new', '--image', `${layout}:${architecture}`]);
      execFileSync('umoci', ['config', '--image', `${layout}:${architecture}`, '--architecture', architecture, '--config.label', `for=${architecture}`]);
      ids[architecture] = (JSON.parse(await tools.skopeo('inspect', '--raw', `oci:${layout}:${architecture}`)) as { config: { digest: string } }).config.digest;
    }
    const index = JSON.parse(readFileSync(`${layout}/index.json`, 'utf8')) as { manifests: { annotations: Record<string, string>; platform?: object }[] };
    for (const entry of index.manifests) {
      entry.platform = { os: 'linux', architecture: entry.annotations['org.opencontainers.image.ref.name'] };
      entry.annotations = { 'io.containerd.image.name': 'docker.io/library/multi:latest' };
    }
    writeFileSync(`${layout}/index.json`, JSON.stringify(index));
    const archive = tools.file('multi.tar');
    execFileSync('tar', ['-C', layout, '-cf', archive, '.']);
    await e.docker.ok('load', '--input', archive);
    assert.equal((await inspect(e, 'multi')).Id, ids[Architecture]);
    await e.docker.ok('load', '--platform', `linux/${foreign}`, '--input', archive);
    assert.equal((await inspect(e, 'multi')).Id, ids[foreign]);
    const absent = await e.docker.run(['load', '--platform', 'linux/s390x', '--input', archive]);
    assert.notEqual(absent.code, 0);
    assert.match(absent.stderr + absent.stdout, /linux\/s390x/);
  });
}, ['strata']);
