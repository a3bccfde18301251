import { InvalidArgumentError, messageOf } from '../../api/errors.ts';

/**
 * Reading JSON that may come from anybody. Every function names the place when it finds something else than it should.
 * `null` counts as absent, as in Go.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @param what names the document in errors. @throws InvalidArgumentError */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const parsed = parseJson(bytes, what);
  if (!isObject(parsed)) throw new InvalidArgumentError(`invalid ${what}: must be a JSON object`);
  return parsed;
}

/** @throws InvalidArgumentError */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw new InvalidArgumentError(`invalid ${what}: ${messageOf(cause)}`, { cause });
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads fields of one object by their types. */
export class FieldReader {
  readonly #object: JsonObject;
  readonly #what: string;

  constructor(object: JsonObject, what: string) {
    this.#object = object;
    this.#what = what;
  }

  #read<T>(name: string, kind: string, test: (value: unknown) => value is T): T | undefined {
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (!test(value)) throw new InvalidArgumentError(`invalid ${this.#what}: ${name} must be ${kind}`);
    return value;
  }

  string(name: string): string | undefined {
    return this.#read(name, 'a string', (value) => typeof value === 'string');
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A whole number of at least zero. */
  size(name: string): number | undefined {
    return this.#read(name, 'a whole number', (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0);
  }

  integer(name: string): number | undefined {
    return this.#read(name, 'a whole number', (value): value is number => Number.isInteger(value));
  }

  strings(name: string): string[] | undefined {
    return this.#read(name, 'a list of strings', (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'));
  }

  /** As `strings`; a lone string is a list of one, as old images have it. */
  command(name: string): string[] | undefined {
    const value = this.#object[name];
    return typeof value === 'string' ? [value] : this.strings(name);
  }

  record(name: string): Record<string, string> | undefined {
    return this.#read(name, 'an object of strings', (value): value is Record<string, string> => isObject(value) && Object.values(value).every((item) => typeof item === 'string'));
  }

  /** The keys of an object whose values say nothing, as docker writes sets. */
  set(name: string): Record<string, Record<string, never>> | undefined {
    const value = this.#read(name, 'an object', isObject);
    return value === undefined ? undefined : Object.fromEntries(Object.keys(value).map((key) => [key, {}]));
  }

  object(name: string): FieldReader | undefined {
    const value = this.#read(name, 'an object', isObject);
    return value === undefined ? undefined : new FieldReader(value, `${this.#what}: ${name}`);
  }

  objects(name: string): FieldReader[] | undefined {
    const value = this.#read(name, 'a list of objects', (list): list is JsonObject[] => Array.isArray(list) && list.every(isObject));
    return value?.map((item, index) => new FieldReader(item, `${this.#what}: ${name}[${index}]`));
  }
}
