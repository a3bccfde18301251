import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { ImageInspect } from '../../src/api/wire/image.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { BUSYBOX_FACTS, IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';

const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...ENGINE_TOOLS, ...IMAGE_TOOLS, ...REGISTRY_TOOLS, 'docker', 'podman', 'buildah', 'zstd', 'xz'], filesystems: ['overlay'] }) || await engineMissing();

/** What one writes the others read, digest for digest, over one registry. */
describe('images between engines', { skip, timeout: 420_000 }, () => {
  const open = new AsyncDisposableStack();
  let scratch: Scratch;
  let network: NetworkNamespace;
  let authority: string;
  let storage: string;
  let strata: DockerCli;
  let docker: DockerCli;

  before(async () => {
    scratch = open.use(await Scratch.create('inter'));
    const engine = open.use(await Engine.start());
    network = engine.network;
    const registry = open.use(await RegistryProgram.start({ network }));
    const dockerd = open.use(await Dockerd.start());
    ({ authority, storage } = registry);
    // Two doors to the same content: the networks of the engines never meet.
    open.use(await RegistryProgram.start({ network: dockerd.network, storage: registry.storage, port: Number(authority.split(':')[1]) }));
    strata = open.use(await DockerCli.create(engine.socketPath));
    docker = open.use(await DockerCli.create(dockerd.socketPath));
    for (const name of ['podman', 'buildah']) await mkdir(scratch.file(name));
    const { busyboxOci, busyboxZstd, busybox } = await testImages();
    await registry.publish(`oci-archive:${busyboxOci}`, 'oci:1');
    await registry.publish(`oci-archive:${busyboxZstd}`, 'zstd:1');
    await docker.ok('load', '-q', '-i', busybox);
    await strata.ok('load', '-q', '-i', busybox);
  });
  after(() => open.disposeAsync());

  const inside = (...command: string[]): Promise<string> => network.run(['env', `HOME=${scratch.path}`, `TMPDIR=${scratch.path}`, ...command]);
  const podman = (...args: string[]): Promise<string> => inside('podman', '--root', scratch.file('podman/root'), '--runroot', scratch.file('podman/run'), '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...args);
  const buildah = (...args: string[]): Promise<string> => inside('buildah', '--root', scratch.file('buildah/root'), '--runroot', scratch.file('buildah/run'), '--storage-driver', 'vfs', ...args);
  const digestOf = async (name: string): Promise<string> => (await inside('skopeo', 'inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${name}`)).trim();

  /** Ours pulls it, knows the digest that the registry has, and runs it. */
  async function assertRuns(name: string): Promise<void> {
    await strata.ok('pull', '-q', name);
    const [image] = JSON.parse(await strata.ok('image', 'inspect', name)) as ImageInspect[];
    assert.ok(image?.RepoDigests.includes(`${name.replace(/:[^:/]+$/, '')}@${await digestOf(name)}`), `${name}: ${String(image?.RepoDigests)}`);
    assert.equal(await strata.ok('run', '--rm', '--network', 'none', name, 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
  }

  test('what we push is pulled by dockerd, skopeo and podman with the same digest', async () => {
    const name = `${authority}/ours:1`;
    await strata.ok('tag', 'busybox', name);
    const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await strata.ok('push', name))?.[1] ?? 'none';
    assert.equal(await digestOf(name), pushed);
    assert.match(await docker.ok('pull', name), new RegExp(`Digest: ${pushed}`));
    assert.equal(await docker.ok('run', '--rm', '--network', 'none', name, 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
    await podman('pull', '-q', '--tls-verify=false', name);
    assert.equal((await podman('image', 'inspect', '--format', '{{.Digest}}', name)).trim(), pushed);
    // Pushed again by another name, the digest stays.
    await strata.ok('tag', name, `${authority}/ours-again:2`);
    assert.match(await strata.ok('push', `${authority}/ours-again:2`), new RegExp(`digest: ${pushed}`));
  });

  test('what dockerd, podman, buildah and skopeo push runs here', async () => {
    const theirs = `${authority}/dockerd:1`;
    await docker.ok('tag', 'busybox', theirs);
    await docker.ok('push', theirs);
    await assertRuns(theirs);
    await assertRuns(`${authority}/oci:1`);
    await assertRuns(`${authority}/zstd:1`);
    await podman('pull', '-q', '--tls-verify=false', `${authority}/oci:1`);
    for (const [name, format] of [['podman-schema2:1', 'v2s2'], ['podman-oci:1', 'oci']] as const) {
      await podman('push', '-q', '--tls-verify=false', '--format', format, `${authority}/oci:1`, `docker://${authority}/${name}`);
      await assertRuns(`${authority}/${name}`);
    }
    const container = (await buildah('from', '--tls-verify=false', `${authority}/oci:1`)).trim();
    await buildah('config', '--label', 'by=buildah', container);
    await buildah('commit', '-q', '--tls-verify=false', container, `docker://${authority}/buildah:1`);
    await assertRuns(`${authority}/buildah:1`);
  });

  test('archives: what we save they load with the same id, and what they save we load', async () => {
    const file = (name: string): string => scratch.file(name);
    const idOf = async (cli: DockerCli, name: string): Promise<string> => cli.ok('image', 'inspect', '--format', '{{.Id}}', name);
    const { layers, layersOci } = await testImages();
    for (const [name, source] of [['busybox', undefined], ['layers', layers]] as const) {
      if (source !== undefined) await strata.ok('load', '-q', '-i', source);
      const id = await idOf(strata, name);
      await strata.ok('save', '--output', file('ours.tar'), name);
      if (source !== undefined || await idOf(docker, name) === id) await docker.run(['rmi', '--force', `${name}:latest`, `${name}:1`]);
      assert.match(await docker.ok('load', '-i', file('ours.tar')), new RegExp(`Loaded image: ${name}:latest`));
      assert.equal(await idOf(docker, name), id);
      // podman names an image by its config too.
      assert.match(await podman('load', '-i', file('ours.tar')), new RegExp(`localhost/${name}:latest|docker.io/library/${name}:latest`));
      assert.equal(`sha256:${(await podman('image', 'inspect', '--format', '{{.Id}}', name)).trim()}`, id);
      // Reads and verifies every blob.
      for (const kind of ['docker-archive', 'oci-archive']) await inside('skopeo', '--insecure-policy', 'copy', '-q', `${kind}:${file('ours.tar')}`, `oci:${file(`checked-${kind}-${name}`)}:x`);
      const theirs: [string, string][] = [['dockerd.tar', id]];
      await docker.ok('save', '--output', file('dockerd.tar'), name);
      for (const format of ['docker-archive', 'oci-archive', 'oci-dir'] as const) {
        await podman('save', '-q', '--format', format, '--output', file(`${format}-${name}`), name);
        if (format === 'oci-dir') await inside('tar', '-C', file(`${format}-${name}`), '-cf', file(`${format}-${name}.tar`), '.');
        const archive = format === 'oci-dir' ? `${format}-${name}.tar` : `${format}-${name}`;
        const transport = format === 'docker-archive' ? 'docker-archive' : format === 'oci-dir' ? 'oci' : 'oci-archive';
        const manifest = JSON.parse(await inside('skopeo', 'inspect', '--raw', `${transport}:${file(`${format}-${name}`)}`)) as { config: { digest: string } };
        theirs.push([archive, manifest.config.digest]);
      }
      for (const [archive, expected] of theirs) {
        await strata.ok('rmi', '--force', id);
        const said = await strata.ok('load', '-i', file(archive));
        const loaded = /Loaded image(?: ID)?: (\S+)/.exec(said)?.[1] ?? '';
        assert.equal(await idOf(strata, loaded), expected, `${archive}: ${said}`);
        if (loaded !== `${name}:latest`) await strata.ok('tag', loaded, `${name}:latest`);
      }
    }
    // Whole archives in any wrapping, on standard input.
    const expected = await idOf(docker, 'layers');
    for (const [program, ...args] of [['gzip', '-c'], ['zstd', '-qc'], ['xz', '-1c']] as const) {
      await strata.ok('rmi', '--force', 'layers:latest');
      const result = await strata.run(['load'], { input: execFileSync(program, [...args, layersOci], { maxBuffer: 1e8 }) });
      assert.match(result.stdout, /Loaded image: layers:latest/, result.stderr);
      assert.equal(await idOf(strata, 'layers'), expected, program);
    }
  });

  test('an engine that keeps layers unpacked only pushes what dockerd and we pull', async () => {
    const config = scratch.file('daemon.json');
    await writeFile(config, JSON.stringify({ 'keep-layer-blobs': false }));
    await using sparing = await Engine.start({ args: ['--config-file', config] });
    await using registry = await RegistryProgram.start({ network: sparing.network, storage, port: Number(authority.split(':')[1]) });
    await using cli = await DockerCli.create(sparing.socketPath);
    await cli.ok('pull', '-q', `${registry.authority}/oci:1`);
    const [image] = JSON.parse(await cli.ok('image', 'inspect', `${authority}/oci:1`)) as ImageInspect[];
    assert.ok(image);
    const blobs = (): number => readdirSync(`${sparing.dataRoot}/content/blobs`).flatMap((shelf) => readdirSync(`${sparing.dataRoot}/content/blobs/${shelf}`)).length;
    await waitUntil('the layers\' blobs to go', () => blobs() < image.RootFS.Layers.length, { timeoutMs: 180_000 });
    await cli.ok('tag', `${authority}/oci:1`, `${authority}/sparing:1`);
    const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(await cli.ok('push', `${authority}/sparing:1`))?.[1] ?? 'none';
    assert.equal(await digestOf(`${authority}/sparing:1`), pushed);
    assert.match(await docker.ok('pull', `${authority}/sparing:1`), new RegExp(`Digest: ${pushed}`));
    await assertRuns(`${authority}/sparing:1`);
    for (const engine of [docker, strata]) {
      const [pulled] = JSON.parse(await engine.ok('image', 'inspect', `${authority}/sparing:1`)) as ImageInspect[];
      assert.deepEqual([pulled?.Id, pulled?.RootFS.Layers], [image.Id, image.RootFS.Layers]);
    }
    assert.equal(await cli.ok('run', '--rm', '--network', 'none', `${authority}/sparing:1`, 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
  });

  test('an index leads to the image of this machine', async () => {
    await buildah('manifest', 'create', 'many');
    await buildah('manifest', 'add', '--tls-verify=false', 'many', `docker://${authority}/oci:1`);
    await buildah('manifest', 'push', '--tls-verify=false', '--all', 'many', `docker://${authority}/index:1`);
    await strata.ok('pull', '-q', `${authority}/index:1`);
    assert.equal(await strata.ok('run', '--rm', '--network', 'none', `${authority}/index:1`, 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
  });
});
