import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { ImageInspect } from '../../src/api/wire/image.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { BUSYBOX_FACTS, IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';

const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...ENGINE_TOOLS, ...IMAGE_TOOLS, ...REGISTRY_TOOLS, 'docker', 'podman', 'buildah'], filesystems: ['overlay'] }) || await engineMissing();

/** What one writes the others read, digest for digest, over one registry. */
describe('images between engines', { skip, timeout: 240_000 }, () => {
  const open = new AsyncDisposableStack();
  let scratch: Scratch;
  let network: NetworkNamespace;
  let authority: string;
  let strata: DockerCli;
  let docker: DockerCli;

  before(async () => {
    scratch = open.use(await Scratch.create('inter'));
    const engine = open.use(await Engine.start());
    network = engine.network;
    const registry = open.use(await RegistryProgram.start({ network }));
    const dockerd = open.use(await Dockerd.start());
    ({ authority } = registry);
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

  test('an index leads to the image of this machine', async () => {
    await buildah('manifest', 'create', 'many');
    await buildah('manifest', 'add', '--tls-verify=false', 'many', `docker://${authority}/oci:1`);
    await buildah('manifest', 'push', '--tls-verify=false', '--all', 'many', `docker://${authority}/index:1`);
    await strata.ok('pull', '-q', `${authority}/index:1`);
    assert.equal(await strata.ok('run', '--rm', '--network', 'none', `${authority}/index:1`, 'cat', '/etc/motd'), BUSYBOX_FACTS.motd.trimEnd());
  });
});
