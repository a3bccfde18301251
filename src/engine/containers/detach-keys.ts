import { Transform, type TransformCallback } from 'node:stream';
import { InvalidArgumentError } from '../../api/errors.ts';

/** ctrl-p ctrl-q */
export const DEFAULT_DETACH_KEYS = Buffer.from([16, 17]);

/**
 * `ctrl-p,ctrl-q`, `a,b`, `ctrl-[` to the bytes that a terminal sends for them. Empty: the default.
 * @throws InvalidArgumentError
 */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return DEFAULT_DETACH_KEYS;
  return Buffer.from(text.split(',').map((key) => {
    const control = /^ctrl-([a-z@[\]\\^_])$/.exec(key);
    if (control?.[1] !== undefined) return control[1].toUpperCase().charCodeAt(0) & 31;
    if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
    if (key === 'DEL') return 127;
    throw new InvalidArgumentError(`Unknown character: '${key}' in detach keys`);
  }));
}

/**
 * Passes input on until the keys come in a row, then emits `detach` and passes nothing more. What begins like the keys is held back
 * until it is clear that it is something else.
 */
export class DetachKeys extends Transform {
  readonly #keys: Buffer;
  #matched = 0;
  #detached = false;

  constructor(keys: Buffer) {
    super();
    this.#keys = keys;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#detached) { done(); return; }
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched < this.#keys.length) continue;
        this.#detached = true;
        break;
      }
      out.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    if (out.length > 0) this.push(Buffer.from(out));
    if (this.#detached) this.emit('detach');
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#matched > 0 && !this.#detached) this.push(this.#keys.subarray(0, this.#matched));
    done();
  }
}
