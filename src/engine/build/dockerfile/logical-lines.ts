import { DirectiveReader, isBlank, withoutMark, type Directive } from './directives.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { trim, trimLeft, trimLineEnd } from './go-text.ts';
import type { LineRange } from './line-range.ts';

/** An instruction as written over one or more lines, joined. */
export interface LogicalLine {
  text: string;
  range: LineRange;
  /** Comments directly above it, without `#`; a blank line or an empty comment cuts them off. */
  comments: readonly string[];
  hasEmptyContinuation: boolean;
}

/**
 * Goes through a Dockerfile line by line: joins continued lines, drops comments and blank lines, obeys `# escape=`.
 * What follows an instruction can be taken raw instead, for heredocs.
 */
export class LogicalLines {
  readonly #lines: readonly string[];
  readonly #directives = new DirectiveReader();
  #escape: '\\' | '`' = '\\';
  #at = 0;

  constructor(text: string) {
    const lines = withoutMark(text).split('\n');
    // A file's last line end begins no further line.
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines;
  }

  get escape(): '\\' | '`' {
    return this.#escape;
  }

  get directives(): readonly Directive[] {
    return this.#directives.found;
  }

  /** Number of the line that was read last. */
  get line(): number {
    return this.#at;
  }

  /** A line as it stands, with its end; undefined at the end of the file. */
  nextRaw(): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined) return undefined;
    this.#at += 1;
    return this.#at === this.#lines.length ? line : `${line}\n`;
  }

  /** @throws DockerfileError for a wrong directive */
  next(): LogicalLine | undefined {
    let comments: string[] = [];
    for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
      const text = trimLeft(line);
      if (this.#readDirective(text)) continue;
      if (text.startsWith('#')) {
        const comment = trim(text.slice(1));
        comments = comment === '' ? [] : [...comments.slice(-COMMENTS_KEPT), comment];
        continue;
      }
      if (text === '') {
        comments = [];
        continue;
      }
      return { ...this.#continued(text), comments };
    }
    return undefined;
  }

  #nextLine(): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined) return undefined;
    this.#at += 1;
    return trimLineEnd(line);
  }

  #readDirective(line: string): boolean {
    const directive = this.#directives.read(line, this.#at);
    if (directive?.name === 'escape') {
      if (directive.value !== '\\' && directive.value !== '`') throw new DockerfileError(`invalid escape token '${directive.value}' does not match \` or \\`, [{ start: this.#at, end: this.#at }]);
      this.#escape = directive.value;
    }
    return directive !== undefined;
  }

  #continued(first: string): Omit<LogicalLine, 'comments'> {
    const start = this.#at;
    const parts: string[] = [];
    let hasEmptyContinuation = false;
    let head = this.#headOfContinued(first);
    parts.push(head ?? first);
    while (head !== undefined) {
      const line = this.#nextLine();
      if (line === undefined) break;
      if (trimLeft(line).startsWith('#')) continue;
      if (isBlank(line)) {
        hasEmptyContinuation = true;
        continue;
      }
      head = this.#headOfContinued(line);
      parts.push(head ?? line);
    }
    return { text: parts.join(''), range: { start, end: this.#at }, hasEmptyContinuation };
  }

  /** What stands before the mark of continuation; undefined where there is none. A mark after another is an escaped mark. */
  #headOfContinued(line: string): string | undefined {
    let end = line.length;
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
    if (line[end - 1] !== this.#escape || line[end - 2] === this.#escape) return undefined;
    return line.slice(0, end - 1);
  }
}

const COMMENTS_KEPT = 50;
