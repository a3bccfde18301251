import { InvalidArgumentError } from '../../api/errors.ts';
import { BLOCK_BYTES } from './tar-header.ts';

/** A file for an archive of our own making: plain names, root's, of a fixed time. */
export interface PlainFile {
  name: string;
  size: number;
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Writes a ustar archive of files and the directories that they lie in, as it is read. @throws InvalidArgumentError for a name over 100 bytes, or content of another size than announced */
export async function* writePlainTar(files: AsyncIterable<PlainFile> | Iterable<PlainFile>): AsyncGenerator<Uint8Array> {
  const directories = new Set<string>();
  for await (const file of files) {
    const parts = file.name.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const directory = `${parts.slice(0, depth).join('/')}/`;
      if (!directories.has(directory)) yield plainHeader(directory, 0, '5', 0o755);
      directories.add(directory);
    }
    yield plainHeader(file.name, file.size, '0', 0o644);
    let written = 0;
    for await (const chunk of file.content) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== file.size) throw new InvalidArgumentError(`${file.name} has ${written} bytes, ${file.size} were announced`);
    if (written % BLOCK_BYTES !== 0) yield Buffer.alloc(BLOCK_BYTES - (written % BLOCK_BYTES));
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function plainHeader(name: string, size: number, type: '0' | '5', mode: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new InvalidArgumentError(`name too long for a plain archive: ${name}`);
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    // Base 256, for files over 8 GiB.
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
