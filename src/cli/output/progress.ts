import type { ProgressMessage } from '../../api/wire/image.ts';
import { humanSize } from './units.ts';

/**
 * Shows the engine's progress messages: on a terminal one line per id, redrawn in place; elsewhere each new status as a line,
 * without the moving numbers.
 */
export class ProgressPrinter {
  readonly #stream: NodeJS.WriteStream;
  /** Ids in the order of their lines. */
  readonly #lines: string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(message: ProgressMessage): void {
    if (message.stream !== undefined) {
      this.#stream.write(message.stream);
      return;
    }
    if (message.status === undefined) return;
    const { id } = message;
    if (id === undefined || id === '') {
      this.#stream.write(`${message.status}\n`);
      this.#lines.length = 0;
      return;
    }
    const detail = message.progressDetail;
    const moving = detail !== undefined && (detail.current ?? 0) > 0;
    if (!this.#stream.isTTY) {
      if (!moving) this.#stream.write(`${id}: ${message.status}\n`);
      return;
    }
    this.#draw(id, `${id}: ${message.status}${moving ? ` ${bar(detail.current ?? 0, detail.total ?? 0)}` : ''}`);
  }

  #draw(id: string, text: string): void {
    let index = this.#lines.indexOf(id);
    if (index < 0) {
      index = this.#lines.push(id) - 1;
      this.#stream.write('\n');
    }
    const up = this.#lines.length - index;
    const shown = [...text].slice(0, Math.max(this.#stream.columns - 1, 20)).join('');
    this.#stream.write(`\u001b[${up}A\r\u001b[2K${shown}\r\u001b[${up}B`);
  }
}

const CELLS = 50;

/** `[=====>     ]  1.2MB/3.4MB` */
function bar(current: number, total: number): string {
  if (total <= 0) return humanSize(current);
  const done = Math.min(CELLS, Math.trunc((current / total) * CELLS));
  return `[${'='.repeat(Math.max(done - 1, 0))}>${' '.repeat(CELLS - Math.max(done, 1))}]  ${humanSize(current)}/${humanSize(total)}`;
}
