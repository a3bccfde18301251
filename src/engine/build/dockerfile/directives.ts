import { DockerfileError } from './dockerfile-error.ts';
import { isSpace, trimLeft } from './go-text.ts';

/** `# name=value` lines before everything else. Source: Dockerfile reference, "Parser directives". */
export type DirectiveName = 'syntax' | 'escape' | 'check';

export interface Directive {
  name: DirectiveName;
  value: string;
  line: number;
}

export class DirectiveReader {
  readonly found: Directive[] = [];
  readonly #comment: string;
  #isOver = false;

  constructor(comment = '#') {
    this.#comment = comment;
  }

  /**
   * Looks at the next line of the file, without its end. The first that is no directive ends them for good.
   * @throws DockerfileError for a second directive of a name
   */
  read(line: string, number: number): Directive | undefined {
    if (this.#isOver) return undefined;
    const directive = line.startsWith(this.#comment) ? parse(line.slice(this.#comment.length), number) : undefined;
    this.#isOver = directive === undefined;
    if (directive === undefined) return undefined;
    if (this.found.some(({ name }) => name === directive.name)) throw new DockerfileError(`only one ${directive.name} parser directive can be used`, [{ start: number, end: number }]);
    this.found.push(directive);
    return directive;
  }
}

function parse(comment: string, line: number): Directive | undefined {
  const text = trimLeft(comment);
  const name = /^[a-zA-Z][a-zA-Z0-9]*/.exec(text)?.[0] ?? '';
  const rest = trimLeft(text.slice(name.length));
  const known = name.toLowerCase();
  if (!rest.startsWith('=') || (known !== 'syntax' && known !== 'escape' && known !== 'check')) return undefined;
  const value = rest.slice(1).trim();
  return value === '' ? undefined : { name: known, value, line };
}

/**
 * The front end that a build file asks for, whatever its language: `# syntax=`, `// syntax=` or `{"syntax": …}`; a `#!` line before it is passed over.
 * @returns the image, and all that is written there (the image and its arguments)
 */
export function detectSyntax(text: string): { image: string; commandLine: string } | undefined {
  const lines = withoutMark(text).split('\n', FIRST_LINES);
  const from = lines[0]?.startsWith('#!') === true ? 1 : 0;
  for (const comment of ['#', '//']) {
    const commandLine = findDirective(lines.slice(from), comment, 'syntax');
    if (commandLine !== undefined) return { image: commandLine.split(' ', 1)[0] ?? '', commandLine };
  }
  const json = syntaxInJson(text);
  return json === undefined ? undefined : { image: json, commandLine: json };
}

/** There are three directives; more lines than that cannot hold one. */
const FIRST_LINES = 8;
const JSON_LIMIT = 1024 * 1024;

function findDirective(lines: readonly string[], comment: string, name: DirectiveName): string | undefined {
  const reader = new DirectiveReader(comment);
  try {
    for (const [index, line] of lines.entries()) if (reader.read(line.replace(/\r$/, ''), index + 1) === undefined) break;
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
  }
  return reader.found.find((directive) => directive.name === name)?.value;
}

function syntaxInJson(text: string): string | undefined {
  if (text.length > JSON_LIMIT || !trimLeft(text).startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'syntax' in parsed && typeof parsed.syntax === 'string' ? parsed.syntax : undefined;
  } catch {
    return undefined;
  }
}

/** Without the byte order mark that some editors write. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

export function isBlank(line: string): boolean {
  for (const character of line) if (!isSpace(character)) return false;
  return true;
}
