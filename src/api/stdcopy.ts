/**
 * Docker's stream multiplexing (attach, exec, logs of containers without a TTY).
 * Frame: 8 bytes `[stream, 0, 0, 0, length as big-endian u32]`, then `length` bytes.
 * Source: Docker Engine API specification, operation ContainerAttach, "Stream format".
 */
export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
/** An error of the daemon itself; ends the stream. */
export const SYSTEM_ERROR = 3;

export type StreamType = typeof STDIN | typeof STDOUT | typeof STDERR | typeof SYSTEM_ERROR;

export interface StreamFrame {
  stream: StreamType;
  payload: Uint8Array;
}

export const FRAME_HEADER_BYTES = 8;

/** The header in front of `length` bytes of `stream`. */
export function frameHeader(stream: StreamType, length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  header[0] = stream;
  new DataView(header.buffer).setUint32(4, length);
  return header;
}

/**
 * Splits a multiplexed byte stream into frames. Large frames are handed on in pieces as they arrive (a piece keeps the stream type
 * of its frame), so memory stays constant whatever length a header claims.
 */
export class FrameSplitter {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFilled = 0;
  #remaining = 0;

  /** The frames, and pieces of frames, that `chunk` completes. @throws Error on an unknown stream type */
  push(chunk: Uint8Array): StreamFrame[] {
    const frames: StreamFrame[] = [];
    for (let offset = 0; offset < chunk.length;) {
      if (this.#remaining === 0) {
        const take = Math.min(FRAME_HEADER_BYTES - this.#headerFilled, chunk.length - offset);
        this.#header.set(chunk.subarray(offset, offset + take), this.#headerFilled);
        this.#headerFilled += take;
        offset += take;
        if (this.#headerFilled < FRAME_HEADER_BYTES) continue;
        if ((this.#header[0] ?? 255) > SYSTEM_ERROR) throw new Error(`unknown stream type ${String(this.#header[0])} in multiplexed stream`);
        this.#remaining = new DataView(this.#header.buffer).getUint32(4);
        this.#headerFilled = 0;
        continue;
      }
      const take = Math.min(this.#remaining, chunk.length - offset);
      frames.push({ stream: this.#header[0] as StreamType, payload: chunk.subarray(offset, offset + take) });
      this.#remaining -= take;
      offset += take;
    }
    return frames;
  }

  /** A frame has begun and not ended. */
  get isInside(): boolean {
    return this.#remaining > 0 || this.#headerFilled > 0;
  }
}

/** As `FrameSplitter`, of a whole stream. @throws Error also on an end in the middle of a frame */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  const splitter = new FrameSplitter();
  for await (const chunk of source) yield* splitter.push(chunk);
  if (splitter.isInside) throw new Error('multiplexed stream ended in the middle of a frame');
}
