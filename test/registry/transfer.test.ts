import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { NotFoundError } from '../../src/api/errors.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';
import { Store } from './store.ts';

const why = missing({ root: true, tools: [...REGISTRY_TOOLS, ...IMAGE_TOOLS] });
const skopeo = (...args: string[]): Promise<{ stdout: string }> => exec('skopeo', ['--insecure-policy', ...args], { timeoutMs: 30_000 });
const digestAt = async (name: string): Promise<unknown> => (JSON.parse((await skopeo('inspect', '--tls-verify=false', `docker://${name}`)).stdout) as { Digest: string }).Digest;

describe('pull and push', { skip: why, timeout: 120_000 }, () => {
  test('an image of other tools comes, runs into directories, and leaves with the same digest', async () => {
    await using program = await RegistryProgram.start();
    await using store = await Store.open();
    const images = await testImages();
    const name = `${program.authority}/busybox`;
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci-archive:${images.busyboxOci}`, `docker://${name}:1`);
    const words = await store.pull(`${name}:1`);
    assert.equal(words[0]?.kind, 'source');
    assert.deepEqual(words.slice(-2), [{ kind: 'digest', digest: await digestAt(`${name}:1`) }, { kind: 'done', name: `${name}:1`, changed: true }]);
    assert.equal(words.filter((word) => word.kind === 'layer' && word.arrival.phase === 'complete').length, 4);
    const image = await store.images.source.get(`${name}:1`);
    const { directory } = await store.snapshotter.stat(image.topSnapshot ?? '');
    assert.equal(await readFile(join(directory, 'etc/motd'), 'utf8'), 'second layer\n');
    assert.deepEqual((await store.pull(`${name}:1`)).map(({ kind }) => kind), ['source', 'digest', 'done']);
    store.images.service.tag(`${name}:1`, `${program.authority}/copy`, '2');
    const sent = await store.push(`${program.authority}/copy:2`);
    assert.equal(sent.filter((word) => word.kind === 'layer' && word.departure.phase === 'mounted').length, 4);
    assert.equal(await digestAt(`${program.authority}/copy:2`), await digestAt(`${name}:1`));
    assert.ok(store.events.includes(`pull ${name}:1`) && store.events.includes(`push ${program.authority}/copy:2`));
  });

  test('zstd layers, a digest as name, all tags', async () => {
    await using program = await RegistryProgram.start();
    await using store = await Store.open();
    const images = await testImages();
    const name = `${program.authority}/many`;
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci-archive:${images.busyboxZstd}`, `docker://${name}:a`);
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci-archive:${images.layersOci}`, `docker://${name}:b`);
    await store.pull(`${name}@${String(await digestAt(`${name}:a`))}`);
    await store.pull(name);
    assert.equal(await store.images.source.count(), 2);
    assert.deepEqual((await store.images.source.get(`${name}:a`)).repoTags, [`${name}:a`]);
  });

  test('what is not there, in docker\'s words, and nothing is left', async () => {
    await using program = await RegistryProgram.start();
    await using store = await Store.open();
    await assert.rejects(store.pull(`${program.authority}/none:x`), (error) => error instanceof NotFoundError && error.message === `manifest for ${program.authority}/none:x not found: manifest unknown: manifest unknown`);
    await assert.rejects(store.push(`${program.authority}/none:x`), { message: `An image does not exist locally with the tag: ${program.authority}/none` });
    await using closed = await RegistryProgram.start({ auth: 'htpasswd' });
    await assert.rejects(store.pull(`${closed.authority}/none:x`), { name: 'NotFoundError', message: `pull access denied for ${closed.authority}/none, repository does not exist or may require 'docker login': no basic auth credentials` });
    assert.deepEqual(await Array.fromAsync(store.images.content.list()), []);
    assert.equal(await store.images.source.count(), 0);
  });
});
