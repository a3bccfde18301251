import { writeSync } from 'node:fs';

const GATHERED_BYTES = 64 * 1024;

/** Writes to a descriptor, small pieces gathered: an archive of small files is mostly headers. Synchronous. */
export class GatheringOutput {
  readonly #fd: number;
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #filled = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Takes the bytes before it returns. */
  write(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > GATHERED_BYTES) this.flush();
    if (bytes.length >= GATHERED_BYTES) { this.#writeAll(bytes); return; }
    this.#gathered.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Call it after the last piece. */
  flush(): void {
    this.#writeAll(this.#gathered.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
  }
}
