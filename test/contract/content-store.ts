import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError, NotFoundError } from '../../src/api/errors.ts';
import type { ContentStore } from '../../src/engine/content/content-store.ts';
import { digestOf } from '../../src/engine/content/digest.ts';

async function* chunks(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

/** What every ContentStore promises. `open` gives an empty one. */
export function contentStoreContract(open: () => Promise<ContentStore>): void {
  const list = async (store: ContentStore): Promise<string[]> => (await Array.fromAsync(store.list())).map(({ digest }) => digest);

  test('what was written is there, whole and under its digest', async () => {
    const store = await open();
    const digest = digestOf('hello world');
    assert.deepEqual(await store.write(chunks('hello ', 'world'), { digest, size: 11 }), { digest, size: 11 });
    assert.equal(await store.has(digest), true);
    assert.equal(await store.size(digest), 11);
    assert.equal((await store.read(digest)).toString(), 'hello world');
    assert.equal(Buffer.concat(await Array.fromAsync(await store.open(digest))).toString(), 'hello world');
    assert.deepEqual(await list(store), [digest]);
    await store.flush();
  });

  test('without a promise the digest is found out; the same content twice is one blob', async () => {
    const store = await open();
    const first = await store.write(chunks('a'), {});
    assert.deepEqual(await store.write(chunks('a'), {}), first);
    assert.deepEqual(await list(store), [digestOf('a')]);
    assert.equal((await store.write(chunks(), {})).size, 0);
  });

  test('a wrong digest, too many or too few bytes, a source that fails, a cancelled write: nothing is kept', async () => {
    const store = await open();
    await assert.rejects(store.write(chunks('x'), { digest: digestOf('y') }), InvalidArgumentError);
    await assert.rejects(store.write(chunks('xx'), { size: 1 }), InvalidArgumentError);
    await assert.rejects(store.write(chunks('x'), { size: 2 }), InvalidArgumentError);
    await assert.rejects(store.write(chunks('x', new Error('broken')), {}), /broken/);
    const abort = new AbortController();
    abort.abort(new Error('stopped'));
    await assert.rejects(store.write(chunks('x'), {}, { signal: abort.signal }), /stopped/);
    await assert.rejects(store.write(chunks('x'), {}, { beforeCommit: () => { throw new Error('no'); } }), /no/);
    assert.deepEqual(await list(store), []);
  });

  test('beforeCommit knows the blob before anybody can see it', async () => {
    const store = await open();
    const seen: unknown[] = [];
    await store.write(chunks('x'), {}, { beforeCommit: (blob) => seen.push(blob) });
    assert.deepEqual(seen, [{ digest: digestOf('x'), size: 1 }]);
  });

  test('what is not there: NotFoundError; removing is idempotent; reading has a limit', async () => {
    const store = await open();
    const digest = digestOf('nope');
    for (const call of [() => store.size(digest), () => store.open(digest), () => store.read(digest)]) await assert.rejects(call(), NotFoundError);
    await store.remove(digest);
    await store.write(chunks('nope'), {});
    await assert.rejects(store.read(digest, 3), InvalidArgumentError);
    await store.remove(digest);
    assert.equal(await store.has(digest), false);
  });

  test('many writers of one blob at once', async () => {
    const store = await open();
    const written = await Promise.all(Array.from({ length: 20 }, () => store.write(chunks('same'), {})));
    assert.equal(new Set(written.map(({ digest }) => digest)).size, 1);
    assert.equal((await list(store)).length, 1);
  });
}
