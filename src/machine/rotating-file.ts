import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/**
 * A log file with a limit: when it is full it becomes `<file>.1` (replacing the former one) and a new one begins, so that nobody
 * can fill the disk through it. Writes are synchronous: the last words before a crash are there. Never throws: a log that cannot
 * be written must not end what it logs.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #limit: number;
  #fd: number | undefined;
  #size = 0;

  constructor(path: string, limitBytes: number) {
    this.#path = path;
    this.#limit = limitBytes;
  }

  write(data: string | Uint8Array): void {
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      if (this.#fd === undefined) this.#open();
      if (this.#size > 0 && this.#size + bytes.length > this.#limit) this.#rotate();
      if (this.#fd !== undefined) writeSync(this.#fd, bytes);
      this.#size += bytes.length;
    } catch {
      // A full disk; see the class comment.
    }
  }

  /** Closes the file; a later write opens it again. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Begins a new file, the present one becoming `<file>.1`. */
  rotate(): void {
    try {
      if (this.#fd === undefined) this.#open();
      if (this.#size > 0) this.#rotate();
    } catch {
      // As in `write`.
    }
  }

  #open(): void {
    this.#fd = openSync(this.#path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
  }

  #rotate(): void {
    this.close();
    renameSync(this.#path, `${this.#path}.1`);
    this.#open();
  }
}
