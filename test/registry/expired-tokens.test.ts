import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Repository } from '../../src/engine/registry/repository.ts';
import { RegistryReplyError } from '../../src/engine/registry/registry-error.ts';
import { missing } from '../fixtures/requirements.ts';
import { FaultProxy } from './fault-proxy.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from './registry-program.ts';
import { publish, readAll, registries, type Sample, sampleImage, sampleOf } from './sample.ts';
import { TokenServer } from './token-server.ts';

/**
 * docker-registry itself refuses: what it is shown, from a chosen request on, is the client's own token, signed anew with an end in the
 * past. Only a token that was asked for afterwards helps.
 */
describe('tokens that end in the middle', { skip: missing({ tools: REGISTRY_TOOLS }), timeout: 120_000 }, () => {
  const open = new AsyncDisposableStack();
  const over = new Set<string>();
  let tokens: TokenServer;
  let program: RegistryProgram;
  let proxy: FaultProxy;

  before(async () => {
    tokens = open.use(await TokenServer.start());
    program = open.use(await RegistryProgram.start({ auth: { realm: tokens.realm, certificate: tokens.certificate } }));
    proxy = open.use(await FaultProxy.start(program.authority));
  });
  beforeEach(() => {
    over.clear();
    tokens.requests.length = 0;
    proxy.seen.length = 0;
    endTokensAt(() => false);
  });
  after(() => open.disposeAsync());

  /** The token of each request that `at` chooses is over, for that request and all later ones. */
  function endTokensAt(at: (request: IncomingMessage) => boolean): void {
    proxy.fault = (request) => {
      const { authorization } = request.headers;
      if (authorization === undefined) return undefined;
      if (at(request)) over.add(authorization);
      return over.has(authorization) ? { authorization: tokens.expire(authorization) } : undefined;
    };
  }

  const sent = (method: string): number => proxy.seen.filter((request) => request.method === method).length;
  const nth = (method: string, number: number) => (request: IncomingMessage): boolean => request.method === method && sent(method) === number;

  function repository(path: string, chunkBytes?: number): { all: Disposable; opened: Promise<Repository> } {
    const all = registries({ uploadChunkBytes: chunkBytes });
    return { all, opened: all.repository({ domain: proxy.authority, path }, { credentials: USER }, { use: 'push' }) };
  }

  async function assertThere(path: string, { blob, bytes }: Sample): Promise<void> {
    using all = registries();
    const direct = await all.repository({ domain: program.authority, path }, { credentials: USER }, { use: 'pull' });
    assert.ok(bytes.equals(await readAll(direct.fetch(blob))), path);
  }

  for (const { title, method, number, size, chunkBytes } of [
    { title: 'the only PATCH of a blob', method: 'PATCH', number: 1, size: 3_000_000, chunkBytes: undefined },
    { title: 'the second PATCH of several', method: 'PATCH', number: 2, size: 1_500_000, chunkBytes: 400_000 },
    { title: 'the closing PUT', method: 'PUT', number: 1, size: 1_500_000, chunkBytes: undefined },
    { title: 'the PUT that carries a small blob', method: 'PUT', number: 1, size: 1000, chunkBytes: undefined },
    { title: 'the opening POST', method: 'POST', number: 1, size: 1_500_000, chunkBytes: undefined },
  ]) {
    test(`an upload goes on with a new token: ${title}`, async () => {
      const path = `up/${title.replaceAll(/\W/g, '').toLowerCase()}`;
      const { all, opened } = repository(path, chunkBytes);
      using _ = all;
      const sample = sampleOf(size);
      const from: number[] = [];
      endTokensAt(nth(method, number));
      const outcome = await (await opened).push(sample.blob, (offset) => { from.push(offset); return sample.open(offset); });
      assert.equal(outcome, 'pushed');
      assert.equal(over.size, 1, 'a token has ended');
      assert.deepEqual(tokens.requests.map(({ query }) => query.getAll('scope')), [[`repository:${path}:pull,push`], [`repository:${path}:pull,push`]]);
      // The upload that was open went on: nothing was begun anew or asked about, and only the refused piece was read again.
      assert.equal(sent('POST'), method === 'POST' ? 2 : 1);
      assert.ok(!proxy.seen.some((request) => request.method === 'GET' && request.path.includes('/uploads/')));
      if (method === 'PATCH') assert.deepEqual(from.slice(0, number + 1), number === 1 ? [0, 0] : [0, 400_000, 400_000]);
      endTokensAt(() => false);
      await assertThere(path, sample);
    });
  }

  test('layers that go up side by side share one new token', async () => {
    const { all, opened } = repository('many');
    using _ = all;
    const target = await opened;
    const samples = [1, 2, 3, 4].map(() => sampleOf(600_000));
    await target.push(samples[0]?.blob ?? sampleOf(0).blob, samples[0]?.open ?? sampleOf(0).open);
    const asked = tokens.requests.length;
    // Those that are on their way with the old token when the first is refused must not throw away what it was given.
    endTokensAt(({ method }) => method === 'PATCH' && over.size === 0);
    await Promise.all(samples.slice(1).map(({ blob, open: content }) => target.push(blob, content)));
    assert.equal(tokens.requests.length, asked + 1);
    for (const sample of samples) await assertThere('many', sample);
  });

  test('a whole image, pushed and pulled, with a token for every third request only', async () => {
    const image = sampleImage(900_000, 300_000, 10);
    let count = 0;
    endTokensAt(() => (count += 1) % 3 === 0);
    const { all, opened } = repository('whole', 250_000);
    using _ = all;
    const target = await opened;
    await publish(target, image, 'x');
    const pushed = tokens.requests.length;
    assert.ok(pushed > 3 && over.size >= 3, `${String(pushed)} tokens, ${String(over.size)} over`);
    const resolved = await target.resolve('x');
    assert.equal(resolved.digest, image.manifest.blob.digest);
    assert.deepEqual((await target.manifest(resolved.digest)).bytes, image.manifest.bytes);
    for (const { blob, bytes } of image.layers) assert.ok(bytes.equals(await readAll(target.fetch(blob))));
  });

  test('a download that breaks and finds its token over goes on at its byte', async () => {
    const sample = sampleOf(2_000_000);
    const { all, opened } = repository('down');
    using _ = all;
    const target = await opened;
    await target.push(sample.blob, sample.open);
    tokens.requests.length = 0;
    proxy.seen.length = 0;
    endTokensAt(nth('GET', 2));
    const expiring = proxy.fault;
    proxy.fault = (request) => (nth('GET', 1)(request) ? { dropAfter: 700_000 } : expiring(request));
    assert.ok(sample.bytes.equals(await readAll(target.fetch(sample.blob))));
    assert.equal(tokens.requests.length, 2, 'one to pull with, one instead of it');
    const ranges = proxy.seen.map(({ headers }) => headers.range);
    assert.equal(ranges.length, 3);
    assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
    assert.equal(ranges[2], ranges[1], 'the same range again');
  });

  test('a registry that refuses every token is asked twice, not for ever', async () => {
    const sample = sampleOf(1_000_000);
    const { all, opened } = repository('never');
    using _ = all;
    endTokensAt(({ method }) => method === 'PATCH');
    await assert.rejects((await opened).push(sample.blob, sample.open), (error) => error instanceof RegistryReplyError && error.httpStatus === 401);
    assert.equal(sent('PATCH'), 2);
    assert.equal(tokens.requests.length, 2);
  });
});
