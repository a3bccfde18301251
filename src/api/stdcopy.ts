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
 * @throws Error on an unknown stream type, and on an end in the middle of a frame.
 */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  let headerFilled = 0;
  let remaining = 0;
  for await (const chunk of source) {
    let offset = 0;
    while (offset < chunk.length) {
      if (remaining === 0) {
        const take = Math.min(FRAME_HEADER_BYTES - headerFilled, chunk.length - offset);
        header.set(chunk.subarray(offset, offset + take), headerFilled);
        headerFilled += take;
        offset += take;
        if (headerFilled < FRAME_HEADER_BYTES) continue;
        if ((header[0] ?? 255) > SYSTEM_ERROR) throw new Error(`unknown stream type ${String(header[0])} in multiplexed stream`);
        remaining = new DataView(header.buffer).getUint32(4);
        headerFilled = 0;
        continue;
      }
      const take = Math.min(remaining, chunk.length - offset);
      yield { stream: header[0] as StreamType, payload: chunk.subarray(offset, offset + take) };
      remaining -= take;
      offset += take;
    }
  }
  if (remaining > 0 || headerFilled > 0) throw new Error('multiplexed stream ended in the middle of a frame');
}
