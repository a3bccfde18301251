import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EngineClient, encodeQuery } from './client/engine-client.ts';
import { ConflictError, errorFromStatus, InternalError, NotFoundError, statusOf } from './errors.ts';
import { jsonLines } from './json-lines.ts';
import { demultiplex, frameHeader, STDERR, STDOUT } from './stdcopy.ts';
import type { Transport, TransportRequest } from './transport.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of source) list.push(item);
  return list;
}

describe('errors', () => {
  test('a status and its class are one', () => {
    assert.ok(errorFromStatus(404, 'no such container: x') instanceof NotFoundError);
    assert.equal(statusOf(new ConflictError('x')), 409);
    assert.ok(errorFromStatus(502, 'x') instanceof InternalError);
    assert.equal(statusOf('anything'), 500);
  });
});

describe('stdcopy', () => {
  const bytes = Buffer.concat([frameHeader(STDOUT, 5), Buffer.from('hello'), frameHeader(STDERR, 0), frameHeader(STDERR, 3), Buffer.from('bad')]);

  for (const size of [1, 3, 8, 100]) {
    test(`frames survive being cut into pieces of ${size}`, async () => {
      const output = ['', '', ''];
      for (const frame of await all(demultiplex(inPieces(bytes, size)))) output[frame.stream] = `${output[frame.stream] ?? ''}${Buffer.from(frame.payload).toString()}`;
      assert.deepEqual(output, ['', 'hello', 'bad']);
    });
  }

  test('an unknown stream and a cut frame are errors', async () => {
    await assert.rejects(all(demultiplex(inPieces(Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 1]), 9))), /unknown stream type 9/);
    await assert.rejects(all(demultiplex(inPieces(bytes.subarray(0, 10), 4))), /middle of a frame/);
  });
});

describe('jsonLines', () => {
  test('objects across pieces, record separators, a last line without an end, multi-byte text', async () => {
    const text = '{"a":1}\r\n\u001e{"b":"é中"}\n\n{"c":3}';
    for (const size of [1, 4, 99]) {
      assert.deepEqual(await all(jsonLines(inPieces(Buffer.from(text), size))), [{ a: 1 }, { b: 'é中' }, { c: 3 }]);
    }
    await assert.rejects(all(jsonLines(inPieces(Buffer.from('{"a":\n'), 9))), SyntaxError);
  });
});

describe('EngineClient', () => {
  function answering(status: number, body: string, seen: TransportRequest[] = []): Transport {
    return {
      request: async (request) => {
        seen.push(request);
        return { status, headers: {}, body: inPieces(Buffer.from(body), 4) };
      },
      upgrade: () => Promise.reject(new Error('not here')),
    };
  }

  test('an error reply becomes its class with the engine\'s words', async () => {
    await assert.rejects(new EngineClient(answering(404, '{"message":"No such image: x"}')).json('GET', '/x'), (error) => error instanceof NotFoundError && error.message === 'No such image: x');
    await assert.rejects(new EngineClient(answering(500, 'plain words\n')).json('GET', '/x'), /^InternalError: plain words$/);
    await assert.rejects(new EngineClient(answering(503, '')).json('GET', '/x'), /status 503/);
  });

  test('query, version prefix and JSON body', async () => {
    const seen: TransportRequest[] = [];
    await new EngineClient(answering(201, '{}', seen), { apiVersion: '1.41' }).json('POST', '/containers/create', { query: { name: 'a b', all: true, no: false }, json: { Image: 'x' } });
    assert.equal(seen[0]?.path, '/v1.41/containers/create?name=a%20b&all=1');
    assert.deepEqual(seen[0].headers, { 'content-type': 'application/json' });
    assert.equal(encodeQuery({ filters: { label: ['a=b'] } }), '?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D');
  });
});
