import { closeSync, openSync, writeSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { encodePiece } from './split-format.ts';

const FRAME_BYTES = 256 * 1024;

/**
 * Writes the split file of a layer while the layer passes: everything of the archive that is no file content, and where that content lies.
 * Calls are synchronous: this runs in a thread that unpacks. It promises nothing: entries that replace each other make a list that does not
 * give the archive back, so whoever relies on it has rebuilt the layer once and compared digests.
 */
export class SplitWriter {
  readonly #fd: number;
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #path = Buffer.alloc(0);
  /** The last piece, as long as content follows on it. */
  #run: { path: Buffer; offset: number; length: number } | undefined;

  /** @param path of a new file */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  /** The parser is about to see these bytes of the archive. */
  begin(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The file whose content comes next. */
  file(path: string): void {
    this.#path = Buffer.from(path, 'latin1');
  }

  /** @param view a part of the chunk that was begun */
  content(view: Uint8Array, offset: number): void {
    const start = view.byteOffset - this.#chunk.byteOffset;
    this.#raw(start);
    this.#at = start + view.length;
    const run = this.#run;
    if (run && run.path === this.#path && run.offset + run.length === offset) {
      run.length += view.length;
      return;
    }
    this.#endRun();
    this.#run = { path: this.#path, offset, length: view.length };
  }

  /** The parser has seen the chunk. */
  flush(): void {
    this.#raw(this.#chunk.length);
    this.#at = this.#chunk.length;
    if (this.#pendingBytes >= FRAME_BYTES) this.#write();
  }

  finish(): void {
    this.#endRun();
    this.#write();
  }

  /** Call it also after a failure. */
  close(): void {
    closeSync(this.#fd);
  }

  #raw(end: number): void {
    if (end <= this.#at) return;
    this.#endRun();
    this.#push(encodePiece({ kind: 'bytes', bytes: Buffer.from(this.#chunk.subarray(this.#at, end)) }));
  }

  #endRun(): void {
    if (this.#run) this.#push(encodePiece({ kind: 'file', ...this.#run }));
    this.#run = undefined;
  }

  #push(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** One frame after the other is one stream. */
  #write(): void {
    const frame = zstdCompressSync(Buffer.concat(this.#pending));
    for (let done = 0; done < frame.length;) done += writeSync(this.#fd, frame, done);
    this.#pending.length = 0;
    this.#pendingBytes = 0;
  }
}
