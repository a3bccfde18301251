import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { ANONYMOUS, type Credentials } from '../../src/engine/registry/credentials.ts';
import { inspectDistribution } from '../../src/engine/registry/inspect-distribution.ts';
import { login } from '../../src/engine/registry/login.ts';
import type { Registries } from '../../src/engine/registry/registries.ts';
import { RegistryReplyError, RegistryUnreachableError } from '../../src/engine/registry/registry-error.ts';
import type { Repository } from '../../src/engine/registry/repository.ts';
import { searchImages } from '../../src/engine/registry/search.ts';
import { UnauthorizedError } from '../../src/api/errors.ts';
import { missing } from '../fixtures/requirements.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from './registry-program.ts';
import { publish, readAll, registries, sampleImage, sampleOf } from './sample.ts';
import { TokenServer } from './token-server.ts';

const open = (all: Registries, domain: string, path: string, credentials: Credentials = ANONYMOUS, use: 'pull' | 'push' = 'push'): Promise<Repository> => all.repository({ domain, path }, { credentials }, { use });

describe('a real registry', { skip: missing({ tools: REGISTRY_TOOLS }), timeout: 120_000 }, () => {
  test('what is pushed is what is fetched', async () => {
    await using program = await RegistryProgram.start();
    using all = registries({ uploadChunkBytes: 1_000_000 });
    const repository = await open(all, program.authority, 'deep/er/name');
    const image = sampleImage(2_500_000, 10, 0);
    await publish(repository, image, 'v1');
    const resolved = await repository.resolve('v1');
    assert.deepEqual([resolved.digest, resolved.size], [image.manifest.blob.digest, image.manifest.blob.size]);
    assert.deepEqual((await repository.manifest(resolved.digest)).bytes, image.manifest.bytes);
    for (const { blob, bytes } of image.layers) assert.ok(bytes.equals(await readAll(repository.fetch(blob))));
    const [layer] = image.layers;
    assert.ok(layer);
    assert.ok(layer.bytes.subarray(777).equals(await readAll(repository.fetch(layer.blob, { offset: 777 }))));
    assert.equal(await repository.push(layer.blob, layer.open), 'exists');
    assert.deepEqual(await (await open(all, program.authority, 'other')).push(layer.blob, layer.open, { mountFrom: ['nowhere/at-all', 'deep/er/name'] }), { mountedFrom: 'deep/er/name' });
    assert.deepEqual(await Array.fromAsync(repository.tags()), ['v1']);
    assert.deepEqual((await inspectDistribution(repository, 'v1')).platforms, [{ os: 'linux', architecture: 'amd64' }]);
    await assert.rejects(repository.resolve('v2'), (error) => error instanceof RegistryReplyError && error.code === 'MANIFEST_UNKNOWN' && error.message === 'manifest unknown: manifest unknown');
  });

  test('a search falls back to the catalogue, over its pages', async () => {
    await using program = await RegistryProgram.start();
    using all = registries();
    for (const path of ['web/one', 'web/two', 'db']) await publish(await open(all, program.authority, path), sampleImage(3), 'x');
    const found = await searchImages(all, { domain: program.authority, term: 'web', limit: 25, filters: { leastStars: 0 } }, {});
    assert.deepEqual(found.map(({ name }) => name), [`${program.authority}/web/one`, `${program.authority}/web/two`]);
  });

  test('user and password', async () => {
    await using program = await RegistryProgram.start({ auth: 'htpasswd' });
    using all = registries();
    await publish(await open(all, program.authority, 'private', USER), sampleImage(300_000), 'x');
    await assert.rejects((await open(all, program.authority, 'private', ANONYMOUS, 'pull')).resolve('x'), /no basic auth credentials/);
    await assert.rejects((await open(all, program.authority, 'private', { ...USER, password: 'wrong' }, 'pull')).resolve('x'), (error) => error instanceof RegistryReplyError && error.httpStatus === 401);
    assert.deepEqual(await login(all, { ...USER, serverAddress: program.authority }), { identityToken: '' });
    await assert.rejects(login(all, { ...USER, password: 'wrong', serverAddress: program.authority }), UnauthorizedError);
  });

  test('tokens: asked for once per scope, again when they end, for identity tokens too', async () => {
    await using tokens = await TokenServer.start();
    await using program = await RegistryProgram.start({ auth: { realm: tokens.realm, certificate: tokens.certificate } });
    using all = registries();
    const image = sampleImage(300_000, 300_000);
    await publish(await open(all, program.authority, 'a', USER), image, 'x');
    assert.equal(tokens.requests.length, 1);
    assert.deepEqual(tokens.requests[0]?.query.getAll('scope'), ['repository:a:pull,push']);
    assert.equal(tokens.requests[0].query.get('service'), 'test');
    const pull = await open(all, program.authority, 'a', { identityToken: 'identity' }, 'pull');
    await Promise.all([pull.resolve('x'), pull.resolve('x'), pull.resolve('x')]);
    assert.deepEqual(tokens.requests.slice(1).map(({ method, form }) => [method, form.get('grant_type'), form.get('scope')]), [['POST', 'refresh_token', 'repository:a:pull']]);
    await assert.rejects((await open(all, program.authority, 'a', ANONYMOUS, 'pull')).resolve('x'), (error) => error instanceof RegistryReplyError && error.httpStatus === 401);
    await assert.rejects((await open(all, program.authority, 'a', { ...USER, password: 'no' }, 'pull')).resolve('x'), /incorrect username or password/);
    assert.deepEqual(await login(all, { ...USER, serverAddress: `http://${program.authority}/v2/` }), { identityToken: 'identity' });
  });

  test('TLS: an authority and a client certificate of the host; without them a clear refusal', async () => {
    await using program = await RegistryProgram.start({ tls: 'clients' });
    // By its address this machine is insecure by default; certificates are shown all the same.
    const home = program.scratch.file(`certs.d/${program.authority}`);
    await mkdir(home, { recursive: true });
    for (const name of ['ca.crt', 'client.cert', 'client.key']) await cp(program.scratch.file(name), `${home}/${name}`);
    using all = registries({ certificateDirectories: [program.scratch.file('certs.d')] });
    const image = sampleImage(1000);
    await publish(await open(all, program.authority, 'tls'), image, 'x');
    assert.equal((await (await open(all, program.authority, 'tls', ANONYMOUS, 'pull')).resolve('x')).digest, image.manifest.blob.digest);
    using without = registries();
    await assert.rejects(async () => (await open(without, program.authority, 'tls', ANONYMOUS, 'pull')).resolve('x'), RegistryUnreachableError);
    using mirrored = registries({ mirrors: [`https://${program.authority}`], certificateDirectories: [program.scratch.file('certs.d')] });
    assert.equal((await (await mirrored.repository({ domain: 'docker.io', path: 'tls' }, {}, { use: 'pull' })).resolve('x')).digest, image.manifest.blob.digest);
  });

  test('an abort ends everything with its reason', async () => {
    await using program = await RegistryProgram.start();
    using all = registries();
    const repository = await open(all, program.authority, 'a');
    const { blob, open: content } = sampleOf(5_000_000);
    await repository.push(blob, content);
    const reason = new Error('enough');
    const abort = new AbortController();
    await assert.rejects(async () => { for await (const _ of repository.fetch(blob, { signal: abort.signal })) abort.abort(reason); }, reason);
    await assert.rejects(repository.resolve('x', abort.signal), reason);
    const late = new AbortController();
    await assert.rejects(repository.push(sampleOf(9_000_000).blob, async function* endless() { yield Buffer.alloc(1000); late.abort(reason); yield Buffer.alloc(1000); await new Promise(() => undefined); }, { signal: late.signal }), reason);
  });
});
