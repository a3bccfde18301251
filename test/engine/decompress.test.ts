import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress } from '../../src/engine/archive/decompress.ts';
import { missing } from '../fixtures/requirements.ts';

const CONTENT = Buffer.concat([randomBytes(70_000), Buffer.alloc(300_000, 'text '), randomBytes(1)]);

const byProgram = (name: string, ...args: string[]) => (bytes: Buffer): Buffer => execFileSync(name, ['-c', ...args], { input: bytes, maxBuffer: 1e8 });

const FORMATS: readonly [name: string, compress: (bytes: Buffer) => Buffer, skip: string | false][] = [
  ['gzip', gzipSync, false], ['zstd', zstdCompressSync, false], ['xz', byProgram('xz'), missing({ tools: ['xz'] })], ['bzip2', byProgram('bzip2'), missing({ tools: ['bzip2'] })],
];

async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const whole = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(source));

for (const [name, compress, skip] of FORMATS) {
  test(`${name}: whole, in two members, cut off, changed, given up`, { skip }, async () => {
    const compressed = compress(CONTENT);
    assert.ok((await whole(decompress(pieces(compressed)))).equals(CONTENT));
    assert.ok((await whole(decompress(pieces(Buffer.concat([compressed, compress(Buffer.from('more'))]))))).equals(Buffer.concat([CONTENT, Buffer.from('more')])));
    await assert.rejects(whole(decompress(pieces(compressed.subarray(0, -20)))), { name: 'InvalidArgumentError', message: new RegExp(`^damaged ${name} data: `) });
    const damaged = Buffer.from(compressed);
    damaged.fill(0x55, 30_000, 30_100);
    // Zstandard is written without a checksum here, so that some damage passes it: the digests of what it holds do not.
    if (name !== 'zstd') await assert.rejects(whole(decompress(pieces(damaged))), { name: 'InvalidArgumentError', message: new RegExp(`^damaged ${name} data: `) });
    for await (const chunk of decompress(pieces(compressed))) { assert.ok(chunk.length > 0); break; }
  });

  test(`${name}: a failure of the source comes through as it is`, { skip }, async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield compress(CONTENT).subarray(0, 5000);
      throw new Error('the line is dead');
    };
    await assert.rejects(whole(decompress(broken())), { message: 'the line is dead' });
  });
}

test('xz: a dictionary of gigabytes is refused', { skip: missing({ tools: ['xz'] }) }, async () => {
  const compressed = byProgram('xz')(CONTENT);
  // The block header: length, flags, the filter's id, one byte of properties. Source: The .xz File Format, 3.1 and 5.3.1.
  const header = compressed.subarray(12, 12 + ((compressed[12] ?? 0) + 1) * 4);
  assert.deepEqual([...header.subarray(2, 4)], [0x21, 1]);
  header[4] = 40;
  header.writeUInt32LE(crc32(header.subarray(0, -4)), header.length - 4);
  await assert.rejects(whole(decompress(pieces(compressed))), { name: 'InvalidArgumentError', message: /^damaged xz data: / });
});

test('plain bytes pass, also fewer than a mark has', async () => {
  assert.ok((await whole(decompress(pieces(CONTENT)))).equals(CONTENT));
  assert.deepEqual(await whole(decompress(pieces(Buffer.from('ab')))), Buffer.from('ab'));
});
