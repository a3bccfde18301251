import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '../../../api/errors.ts';

const VARIABLES_LIMIT = 10_000;

interface Link {
  before: Link | undefined;
  kind: 'env' | 'argument';
  name: string;
  value: string;
  digest?: string;
}

/** The variables that one step sees. Takes no memory of its own: it is a place in the stage's list of changes. */
export class ScopeView {
  readonly #link: Link | undefined;

  constructor(link: Link | undefined) {
    this.#link = link;
  }

  /** `NAME=value` in the order of their first mention: what the image keeps. */
  environment(): string[] {
    return entries(this.#values().env);
  }

  /** `NAME=value` of build arguments with a value that no variable of the image hides. */
  arguments(): string[] {
    const { env, argument } = this.#values();
    return entries(new Map([...argument].filter(([name]) => !env.has(name))));
  }

  #values(): Record<Link['kind'], Map<string, string>> {
    const links: Link[] = [];
    for (let link = this.#link; link !== undefined; link = link.before) links.push(link);
    const values = { env: new Map<string, string>(), argument: new Map<string, string>() };
    for (const { kind, name, value } of links.reverse()) values[kind].set(name, value);
    return values;
  }

  /** Equal for steps that see the same, made the same way. */
  get digest(): string {
    const open: Link[] = [];
    for (let link = this.#link; link !== undefined && link.digest === undefined; link = link.before) open.push(link);
    for (const link of open.reverse()) link.digest = createHash('sha256').update(JSON.stringify([link.before?.digest ?? '', link.kind, link.name, link.value])).digest('hex');
    return this.#link?.digest ?? '';
  }
}

/** Variables of a stage while it is read: those of the image and build arguments. What the image has hides an argument of the same name. */
export class Scope {
  readonly #env: Map<string, string>;
  readonly #arguments: Map<string, string>;
  /** Declared without a value. */
  readonly #open: Set<string>;
  #link: Link | undefined;

  constructor(above?: Scope) {
    this.#env = new Map(above === undefined ? [] : above.#env);
    this.#arguments = new Map(above === undefined ? [] : above.#arguments);
    this.#open = new Set(above === undefined ? [] : above.#open);
    this.#link = above === undefined ? undefined : above.#link;
  }

  get(name: string): string | undefined {
    return this.#env.get(name) ?? this.#arguments.get(name);
  }

  isDeclared(name: string): boolean {
    return this.#open.has(name) || this.get(name) !== undefined;
  }

  *names(): Generator<string> {
    yield* this.#env.keys();
    yield* this.#arguments.keys();
  }

  setEnvironment(name: string, value: string): void {
    this.#set('env', this.#env, name, value);
  }

  setArgument(name: string, value: string | undefined): void {
    if (value === undefined) this.#open.add(name);
    else this.#set('argument', this.#arguments, name, value);
  }

  #set(kind: Link['kind'], values: Map<string, string>, name: string, value: string): void {
    if (values.get(name) === value) return;
    values.set(name, value);
    if (values.size > VARIABLES_LIMIT) throw new InvalidArgumentError(`a stage has more than ${VARIABLES_LIMIT} variables`);
    this.#link = { before: this.#link, kind, name, value };
  }

  view(): ScopeView {
    return new ScopeView(this.#link);
  }
}

function entries(values: ReadonlyMap<string, string>): string[] {
  return [...values].map(([name, value]) => `${name}=${value}`);
}
