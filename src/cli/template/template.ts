import { TemplateSyntaxError } from './lexer.ts';
import { entriesOf, FUNCTION_NAMES, FUNCTIONS, type TemplateFunction } from './functions.ts';
import { GoNil, goString, isMap, isTrue } from './go-value.ts';
import { type Command, type Node, type Operand, parseTemplate, type Pipe, type Place } from './parser.ts';

export { TemplateSyntaxError };

/** A template that fails on this data. The text is Go's, with `template: `. */
export class TemplateExecutionError extends Error {
  /** What was wrong with which part, e.g. `<.Foo>: map has no entry for key "Foo"`. */
  constructor(at: Place | undefined, operand: string, message: string) {
    super(`template: :${at?.line ?? 1}:${at?.column ?? 0}: executing "" at <${operand}>: ${message}`);
  }
}

export interface TemplateOptions {
  functions?: Readonly<Record<string, TemplateFunction>>;
  /** What a field that is not there is: an error in Go's words, or nothing. */
  missing?: (name: string) => string;
}

/** A Go template, read once. Fields are looked up in plain objects; a function as a value is a method and gets the arguments. */
export class Template {
  readonly #nodes: readonly Node[];

  /** @throws TemplateSyntaxError */
  constructor(source: string) {
    this.#nodes = parseTemplate(source, FUNCTION_NAMES);
  }

  /** @throws TemplateExecutionError */
  execute(data: unknown, options: TemplateOptions = {}): string {
    return new Execution(data, options).run(this.#nodes);
  }
}

class Break extends Error {}
class Continue extends Error {}

class Execution {
  readonly #options: TemplateOptions;
  #scopes: Map<string, unknown>[];
  #output = '';

  constructor(data: unknown, options: TemplateOptions) {
    this.#options = options;
    this.#scopes = [new Map([['$', data]])];
  }

  run(nodes: readonly Node[]): string {
    this.#walk(nodes, this.#scopes[0]?.get('$'));
    return this.#output;
  }

  #walk(nodes: readonly Node[], dot: unknown): void {
    for (const node of nodes) {
      switch (node.kind) {
        case 'text': this.#output += node.text; break;
        case 'output': {
          const value = this.#pipe(node.pipe, dot);
          if (node.pipe.declares.length === 0) this.#output += goString(value);
          break;
        }
        case 'break': throw new Break();
        case 'continue': throw new Continue();
        case 'range': this.#range(node, dot); break;
        default: this.#scoped(() => {
          const value = this.#pipe(node.pipe, dot);
          if (isTrue(value)) this.#walk(node.body, node.kind === 'with' ? value : dot);
          else this.#walk(node.otherwise, dot);
        });
      }
    }
  }

  #range(node: Extract<Node, { pipe: Pipe; body: readonly Node[] }>, dot: unknown): void {
    this.#scoped(() => {
      const entries = this.#guard(node.pipe, () => entriesOf(this.#pipe({ ...node.pipe, declares: [] }, dot)));
      if (entries.length === 0) this.#walk(node.otherwise, dot);
      for (const [key, value] of entries) {
        try {
          this.#scoped(() => {
            const [first, second] = node.pipe.declares;
            if (second !== undefined) this.#declare(second, value);
            if (first !== undefined) this.#declare(first, second === undefined ? value : key);
            this.#walk(node.body, value);
          });
        } catch (error) {
          if (error instanceof Break) break;
          if (!(error instanceof Continue)) throw error;
        }
      }
    });
  }

  #scoped(work: () => void): void {
    const depth = this.#scopes.length;
    this.#scopes.push(new Map());
    try {
      work();
    } finally {
      this.#scopes.length = depth;
    }
  }

  #declare(name: string, value: unknown): void {
    this.#scopes.at(-1)?.set(name, value);
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    pipe.commands.forEach((command, index) => { value = this.#command(command, dot, index === 0 ? [] : [value]); });
    const [name] = pipe.declares;
    if (name !== undefined) {
      if (pipe.assigns) this.#scopes.findLast((scope) => scope.has(name))?.set(name, value);
      else this.#declare(name, value);
    }
    return value;
  }

  /** @param last the value of the command before, which is the last argument of this one. */
  #command(command: Command, dot: unknown, last: readonly unknown[]): unknown {
    const [head, ...rest] = command;
    if (head === undefined) return undefined;
    if (head.kind === 'call' && (head.name === 'and' || head.name === 'or')) return this.#shortCircuit(head.name, rest, dot, last);
    const args = (): unknown[] => [...rest.map((operand) => this.#operand(operand, dot)), ...last];
    if (head.kind === 'call') return this.#call(head, args());
    if (head.kind === 'fields') return this.#fields(dot, head.names, head.at, args());
    if (head.kind === 'variable' && head.fields.length > 0) return this.#fields(this.#variable(head.name, head.at), head.fields, head.at, args());
    if (rest.length > 0 || last.length > 0) throw new TemplateExecutionError(undefined, textOf(head), "can't give argument to non-function");
    return this.#operand(head, dot);
  }

  #shortCircuit(name: 'and' | 'or', operands: readonly Operand[], dot: unknown, last: readonly unknown[]): unknown {
    let value: unknown;
    for (const read of [...operands.map((operand) => () => this.#operand(operand, dot)), ...last.map((known) => () => known)]) {
      value = read();
      if (isTrue(value) === (name === 'or')) return value;
    }
    return value;
  }

  #call(head: { name: string; at: Place }, args: readonly unknown[]): unknown {
    const called = (this.#options.functions ?? FUNCTIONS)[head.name];
    try {
      return called?.(...args);
    } catch (error) {
      throw new TemplateExecutionError(head.at, head.name, `error calling ${head.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'dot': return dot;
      case 'nil': return undefined;
      case 'literal': return operand.value;
      case 'call': return this.#call(operand, []);
      case 'fields': return this.#fields(dot, operand.names, operand.at, []);
      case 'variable': return this.#fields(this.#variable(operand.name, operand.at), operand.fields, operand.at, []);
      case 'pipe': return this.#fields(this.#pipe(operand.pipe, dot), operand.fields, operand.at, []);
    }
  }

  #variable(name: string, at: Place): unknown {
    const scope = this.#scopes.findLast((candidate) => candidate.has(name));
    if (scope === undefined) throw new TemplateExecutionError(at, name, `undefined variable ${JSON.stringify(name)}`);
    return scope.get(name);
  }

  #fields(start: unknown, names: readonly string[], at: Place, args: readonly unknown[]): unknown {
    let value = start;
    names.forEach((name, index) => {
      const path = names.slice(0, index + 1).map((part) => `.${part}`).join('');
      value = this.#field(value, name, at, path, index === names.length - 1 ? args : []);
    });
    return value;
  }

  #field(value: unknown, name: string, at: Place, path: string, args: readonly unknown[]): unknown {
    if (value === undefined || value === null || value instanceof GoNil) {
      if (value instanceof GoNil && value.text === 'map[]') return undefined;
      throw new TemplateExecutionError(at, path, `nil data; no entry for key ${JSON.stringify(name)}`);
    }
    if (!isMap(value)) throw new TemplateExecutionError(at, path, `can't evaluate field ${name} in type ${Array.isArray(value) ? '[]interface {}' : typeof value}`);
    if (!Object.hasOwn(value, name)) {
      if (this.#options.missing === undefined) return undefined;
      throw new TemplateExecutionError(at, path, this.#options.missing(name));
    }
    const found = value[name];
    if (typeof found === 'function') return (found as (...args: readonly unknown[]) => unknown)(...args);
    if (args.length > 0) throw new TemplateExecutionError(at, path, `${name} is not a method but has arguments`);
    return found;
  }

  #guard<T>(pipe: Pipe, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof TemplateExecutionError || error instanceof Break || error instanceof Continue) throw error;
      const head = pipe.commands[0]?.[0];
      throw new TemplateExecutionError(undefined, head === undefined ? '' : textOf(head), error instanceof Error ? error.message : String(error));
    }
  }
}

function textOf(operand: Operand): string {
  switch (operand.kind) {
    case 'dot': return '.';
    case 'nil': return 'nil';
    case 'literal': return typeof operand.value === 'string' ? JSON.stringify(operand.value) : String(operand.value);
    case 'fields': return operand.names.map((name) => `.${name}`).join('');
    case 'variable': return operand.name + operand.fields.map((name) => `.${name}`).join('');
    case 'call': return operand.name;
    case 'pipe': return '(…)';
  }
}
