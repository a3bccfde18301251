import { demultiplex, STDERR, type StreamFrame } from '../../src/api/stdcopy.ts';

/** A line longer than this is cut into several, so that a program without line ends cannot fill the memory. */
const LONGEST_LINE = 16_384;

export interface ReadLine {
  stream: 1 | 2;
  /** The engine's time stamp, if the line begins with one. */
  at: string;
  text: string;
}

/**
 * Turns the bytes of a log with time stamps into lines. Each stream has its own unfinished line; what is unfinished at the end is a line too.
 * A carriage return within a line starts it over, as a terminal shows it.
 * @param tty logs of a terminal are one plain stream; others are multiplexed
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>, tty: boolean): AsyncGenerator<ReadLine[]> {
  const pieces = { 1: new Pieces(), 2: new Pieces() };
  for await (const frame of tty ? single(bytes) : demultiplex(bytes)) {
    const stream = frame.stream === STDERR ? 2 : 1;
    const lines = pieces[stream].take(frame.payload).map((text) => toLine(stream, text));
    if (lines.length > 0) yield lines;
  }
  const rest = ([1, 2] as const).flatMap((stream) => pieces[stream].rest().map((text) => toLine(stream, text)));
  if (rest.length > 0) yield rest;
}

async function* single(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  for await (const payload of bytes) yield { stream: 1, payload };
}

class Pieces {
  readonly #decoder = new TextDecoder();
  #pending = '';

  take(chunk: Uint8Array): string[] {
    const lines = (this.#pending + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#pending = lines.pop() ?? '';
    while (this.#pending.length > LONGEST_LINE) {
      lines.push(this.#pending.slice(0, LONGEST_LINE));
      this.#pending = this.#pending.slice(LONGEST_LINE);
    }
    return lines;
  }

  rest(): string[] {
    const last = this.#pending + this.#decoder.decode();
    return last === '' ? [] : [last];
  }
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

function toLine(stream: 1 | 2, raw: string): ReadLine {
  const at = STAMP.exec(raw)?.[1] ?? '';
  const text = (at === '' ? raw : raw.slice(at.length + 1)).replace(/\r+$/, '');
  return { stream, at, text: text.slice(text.lastIndexOf('\r') + 1) };
}
