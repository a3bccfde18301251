import { TemplateSyntaxError, type Token, tokenize } from './lexer.ts';

/** A value in a pipeline. `text` and `column` are for messages. */
export type Operand =
  | { kind: 'dot' }
  | { kind: 'nil' }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'variable'; name: string; fields: readonly string[]; at: Place }
  | { kind: 'fields'; names: readonly string[]; at: Place }
  | { kind: 'call'; name: string; at: Place }
  | { kind: 'pipe'; pipe: Pipe; fields: readonly string[]; at: Place };

export interface Place {
  line: number;
  column: number;
}

/** A function or method and its arguments, or a single value. */
export type Command = readonly Operand[];

export interface Pipe {
  /** `{{$x := …}}`, `{{range $i, $v := …}}`. */
  declares: readonly string[];
  /** `=` instead of `:=`. */
  assigns: boolean;
  commands: readonly Command[];
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'output'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: readonly Node[]; otherwise: readonly Node[] }
  | { kind: 'break' | 'continue' };

/** @throws TemplateSyntaxError, with Go's words where people meet them. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): Node[] {
  return new Parser(tokenize(source), functions).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  #at = 0;
  #loops = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  parse(): Node[] {
    const { nodes, stop } = this.#list();
    if (stop !== undefined) throw new TemplateSyntaxError(stop.line, `unexpected {{${stop.word}}}`);
    return nodes;
  }

  /** Nodes up to the end, or to an `end` or `else` whose word has been read. */
  #list(): { nodes: Node[]; stop?: { word: 'end' | 'else'; line: number } } {
    const nodes: Node[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.kind === 'text') nodes.push({ kind: 'text', text: token.text });
      else {
        this.#skipSpace();
        const word = this.#peek();
        if (word?.kind === 'word' && (word.text === 'end' || word.text === 'else')) {
          this.#at += 1;
          return { nodes, stop: { word: word.text, line: word.line } };
        }
        nodes.push(this.#action(token.line));
      }
    }
    return { nodes };
  }

  #action(line: number): Node {
    const word = this.#peek();
    if (word?.kind === 'word') {
      if (word.text === 'if' || word.text === 'with' || word.text === 'range') {
        this.#at += 1;
        return this.#control(word.text, line);
      }
      if (word.text === 'break' || word.text === 'continue') {
        if (this.#loops === 0) throw new TemplateSyntaxError(line, `{{${word.text}}} outside {{range}}`);
        this.#at += 1;
        this.#close(word.text);
        return { kind: word.text };
      }
      if (word.text === 'template' || word.text === 'define' || word.text === 'block') throw new TemplateSyntaxError(line, `{{${word.text}}} is not supported`);
    }
    const pipe = this.#pipe('command');
    this.#close('command');
    return { kind: 'output', pipe };
  }

  #control(kind: 'if' | 'with' | 'range', line: number): Node {
    const pipe = this.#pipe(kind);
    this.#close(kind);
    if (kind === 'range') this.#loops += 1;
    const { nodes: body, stop } = this.#list();
    if (kind === 'range') this.#loops -= 1;
    if (stop === undefined) throw new TemplateSyntaxError(line, 'unexpected EOF');
    if (stop.word === 'end') {
      this.#close('end');
      return { kind, pipe, body, otherwise: [] };
    }
    this.#skipSpace();
    const chained = this.#peek();
    if (chained?.kind === 'word' && (chained.text === 'if' || chained.text === 'with')) {
      this.#at += 1;
      return { kind, pipe, body, otherwise: [this.#control(chained.text, line)] };
    }
    this.#close('else');
    const { nodes: otherwise, stop: last } = this.#list();
    if (last?.word !== 'end') throw new TemplateSyntaxError(last?.line ?? line, last === undefined ? 'unexpected EOF' : 'expected end; found {{else}}');
    this.#close('end');
    return { kind, pipe, body, otherwise };
  }

  #pipe(context: string): Pipe {
    this.#skipSpace();
    const { declares, assigns } = this.#declarations();
    const commands: Command[] = [];
    for (;;) {
      const command = this.#command(context);
      commands.push(command);
      this.#skipSpace();
      if (!this.#takeSymbol('|')) break;
    }
    return { declares, assigns, commands };
  }

  #declarations(): { declares: string[]; assigns: boolean } {
    const start = this.#at;
    const declares: string[] = [];
    for (let token = this.#peek(); token?.kind === 'variable'; token = this.#peek()) {
      this.#at += 1;
      declares.push(token.name);
      this.#skipSpace();
      if (this.#takeSymbol(':=')) return { declares, assigns: false };
      if (this.#takeSymbol('=')) return { declares, assigns: true };
      if (!this.#takeSymbol(',')) break;
      this.#skipSpace();
    }
    this.#at = start;
    return { declares: [], assigns: false };
  }

  #command(context: string): Command {
    const operands: Operand[] = [];
    this.#skipSpace();
    for (;;) {
      const operand = this.#operand();
      if (operand === undefined) break;
      operands.push(operand);
      if (this.#peek()?.kind !== 'space') break;
      this.#skipSpace();
    }
    if (operands.length > 0) return operands;
    const token = this.#peek();
    if (token === undefined) throw new TemplateSyntaxError(this.#lastLine, 'unclosed action');
    throw new TemplateSyntaxError(token.line, token.kind === 'close' ? `missing value for ${context}` : `unexpected ${describe(token)} in ${context}`);
  }

  #operand(): Operand | undefined {
    const token = this.#peek();
    if (token === undefined) return undefined;
    switch (token.kind) {
      case 'dot': this.#at += 1; return { kind: 'dot' };
      case 'string':
      case 'number': this.#at += 1; return { kind: 'literal', value: token.value };
      case 'field': return { kind: 'fields', names: this.#fields(), at: { line: token.line, column: token.column } };
      case 'variable': this.#at += 1; return { kind: 'variable', name: token.name, fields: this.#fields(), at: { line: token.line, column: token.column } };
      case 'word': return this.#word(token);
      case 'symbol': return token.text === '(' ? this.#parenthesis(token) : undefined;
      default: return undefined;
    }
  }

  #word(token: Extract<Token, { kind: 'word' }>): Operand {
    this.#at += 1;
    if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
    if (token.text === 'nil') return { kind: 'nil' };
    if (!this.#functions.has(token.text)) throw new TemplateSyntaxError(token.line, `function ${JSON.stringify(token.text)} not defined`);
    return { kind: 'call', name: token.text, at: { line: token.line, column: token.column } };
  }

  #parenthesis(token: { line: number; column: number }): Operand {
    this.#at += 1;
    const pipe = this.#pipe('parenthesized pipeline');
    if (!this.#takeSymbol(')')) throw new TemplateSyntaxError(token.line, 'unclosed left paren');
    return { kind: 'pipe', pipe, fields: this.#fields(), at: { line: token.line, column: token.column } };
  }

  #fields(): string[] {
    const names: string[] = [];
    for (let token = this.#peek(); token?.kind === 'field'; token = this.#peek()) {
      names.push(token.name);
      this.#at += 1;
    }
    return names;
  }

  #close(context: string): void {
    this.#skipSpace();
    const token = this.#next();
    if (token === undefined) throw new TemplateSyntaxError(this.#lastLine, 'unclosed action');
    if (token.kind !== 'close') throw new TemplateSyntaxError(token.line, `unexpected ${describe(token)} in ${context}`);
  }

  #takeSymbol(text: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'symbol' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    while (this.#peek()?.kind === 'space') this.#at += 1;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }

  get #lastLine(): number {
    return this.#tokens.at(-1)?.line ?? 1;
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'symbol': return JSON.stringify(token.text);
    case 'field': return `<.${token.name}>`;
    case 'string': return JSON.stringify(token.value);
    case 'number': return JSON.stringify(String(token.value));
    case 'word': return `<${token.text}>`;
    default: return `<${token.kind}>`;
  }
}
