import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CheckMessage } from '../../src/api/wire/check.ts';
import { hexOf } from '../../src/engine/content/digest.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { FaultProxy } from './fault-proxy.ts';
import { layerOf, put } from './layered-image.ts';
import { REGISTRY_TOOLS, RegistryProgram } from './registry-program.ts';

const skip = missing({ root: true, tools: [...ENGINE_TOOLS, ...REGISTRY_TOOLS, 'docker'], filesystems: ['overlay'] }) || await engineMissing();

describe('an engine that is killed in the middle of a layer', { skip, concurrency: false, timeout: 230_000 }, () => {
  const open = new AsyncDisposableStack();
  let engine: Engine;
  let docker: DockerCli;
  let registry: RegistryProgram;
  let proxy: FaultProxy;
  before(async () => {
    engine = open.use(await Engine.start());
    docker = open.use(await DockerCli.create(engine.socketPath));
    registry = open.use(await RegistryProgram.start());
    proxy = open.use(await FaultProxy.start(registry.authority, engine.network));
  });
  after(() => open.disposeAsync());

  const findings = async (): Promise<unknown[]> => (await engine.api.get('/strata/system/check', { timeoutMs: 60_000 })).lines<CheckMessage>().flatMap(({ finding }) => finding ?? []);

  test('the next pull asks for the rest only, counted at a proxy, and what comes together is verified', async () => {
    const content = randomBytes(6_000_000);
    const layer = layerOf('file', content);
    const total = layer.packed.bytes.length;
    await put(registry.authority, 'big', [layerOf('small', 'small'), layer]);
    const { digest } = layer.packed.blob;
    const partial = join(engine.dataRoot, 'content/partial', hexOf(digest));
    const bytesHere = (): number => statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
    const ofLayer = (): FaultProxy['seen'] => proxy.seen.filter(({ method, path }) => method === 'GET' && path.endsWith(digest));
    proxy.fault = ({ method, url = '' }) => (method === 'GET' && url.endsWith(digest) ? { holdAfter: 3_000_000 } : undefined);
    {
      await using pulling = docker.start(['pull', `${proxy.authority}/pipe:big`]);
      await waitUntil('a good part of the layer', () => bytesHere() > 1_000_000, { timeoutMs: 30_000 });
      await engine.kill9();
      assert.notEqual((await pulling.ended).code, 0);
    }
    const begun = bytesHere();
    assert.ok(begun > 1_000_000 && begun <= 3_000_000, String(begun));
    proxy.fault = () => undefined;
    proxy.seen.length = 0;
    await engine.startAgain();
    assert.equal(bytesHere(), begun);
    await docker.ok('pull', `${proxy.authority}/pipe:big`);
    assert.deepEqual(ofLayer().map(({ headers, bytes }) => [headers.range, bytes]), [[`bytes=${String(begun)}-`, total - begun]]);
    const files = readdirSync(join(engine.dataRoot, 'overlay')).map((number) => join(engine.dataRoot, 'overlay', number, 'fs/all/file'));
    const file = files.find((path) => statSync(path, { throwIfNoEntry: false }));
    assert.ok(file !== undefined && readFileSync(file).equals(content));
    assert.deepEqual(await findings(), []);
  });

  test('what had come was spoilt meanwhile: it is not believed, and the pull after that is whole', async () => {
    const layer = layerOf('file', randomBytes(3_000_000));
    await put(registry.authority, 'other', [layer]);
    const { digest } = layer.packed.blob;
    const partial = join(engine.dataRoot, 'content/partial', hexOf(digest));
    proxy.fault = ({ method, url = '' }) => (method === 'GET' && url.endsWith(digest) ? { holdAfter: 2_000_000 } : undefined);
    {
      await using _ = docker.start(['pull', `${proxy.authority}/pipe:other`]);
      await waitUntil('a part of the layer', () => (statSync(partial, { throwIfNoEntry: false })?.size ?? 0) > 100_000, { timeoutMs: 30_000 });
      await engine.kill9();
    }
    const spoilt = readFileSync(partial);
    writeFileSync(partial, spoilt.fill(0, 1000, 2000));
    proxy.fault = () => undefined;
    await engine.startAgain();
    const first = await docker.run(['pull', `${proxy.authority}/pipe:other`]);
    if (first.code !== 0) await docker.ok('pull', `${proxy.authority}/pipe:other`);
    await docker.ok('image', 'inspect', `${proxy.authority}/pipe:other`);
    assert.deepEqual(await findings(), []);
  });
});
