import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

/** Only a name: nothing is fetched. */
const BASE = 'http://engine/api';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  enum?: unknown[];
  additionalProperties?: boolean | Schema;
  required?: string[];
  $ref?: string;
}

interface Specification {
  version: string;
  operations: Record<string, Record<string, Schema | null>>;
  definitions: Record<string, Schema>;
}

/** The Engine API of one version as its specification has it: which statuses an operation has, and what its bodies look like. */
export class ReplyCheck {
  readonly operations: ReadonlyMap<string, readonly number[]>;
  readonly #specification: Specification;
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #checks = new Map<string, ValidateFunction>();

  /** @param minor 41 or 56 */
  constructor(minor: 41 | 56) {
    this.#specification = JSON.parse(readFileSync(new URL(`engine-api-1.${String(minor)}.json`, import.meta.url), 'utf8')) as Specification;
    const { operations, definitions } = this.#specification;
    this.operations = new Map(Object.entries(operations).map(([name, replies]) => [name, Object.keys(replies).map(Number)]));
    this.#ajv.addSchema({ $id: BASE, definitions: Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, this.#closed(schema)])) });
  }

  /**
   * What is wrong with a reply: its status, a value of another type, a name that the specification does not know, one that it requires.
   * Go writes empty lists, maps and pointers as null: that is taken everywhere.
   * @param operation `GET /containers/{id}/json`. @param body parsed
   */
  problems(operation: string, status: number, body: unknown): string[] {
    const replies = this.#specification.operations[operation];
    if (!replies) return [`the specification has no ${operation}`];
    const schema = replies[String(status)];
    if (schema === undefined) return [`${operation} has no status ${String(status)}`];
    if (schema === null) return [];
    const key = `${operation} ${String(status)}`;
    let check = this.#checks.get(key);
    if (!check) this.#checks.set(key, check = this.#ajv.compile(this.#closed(schema)));
    if (check(body)) return [];
    return (check.errors ?? []).map(({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  }

  /** Swagger's schema in JSON Schema's words: what is not named is refused, null is taken. */
  #closed(schema: Schema): object {
    const flat = schema.allOf ? this.#merged(schema) : schema;
    if (flat.$ref !== undefined) return { anyOf: [{ $ref: BASE + flat.$ref }, { type: 'null' }] };
    const { properties, items, enum: values, additionalProperties: more, required } = flat;
    const type = flat.type ?? (properties ? 'object' : undefined);
    return {
      ...(type === undefined ? {} : { type: [type, 'null'].flat() }),
      ...(values ? { enum: [...values, null] } : {}),
      ...(items ? { items: this.#closed(items) } : {}),
      ...(required ? { required } : {}),
      ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, this.#closed(value)])), additionalProperties: false } : {}),
      ...(typeof more === 'object' ? { additionalProperties: this.#closed(more) } : {}),
    };
  }

  #merged(schema: Schema): Schema {
    const parts = (schema.allOf ?? []).map((part) => this.#resolved(part)).map((part) => (part.allOf ? this.#merged(part) : part));
    // Only a name for another type.
    if (!parts.some((part) => part.properties)) return { ...parts[0] };
    const all = [...parts, { ...schema, allOf: [] }];
    return { type: 'object', properties: Object.assign({}, ...all.map((part) => part.properties ?? {})) as Record<string, Schema>, required: all.flatMap((part) => part.required ?? []) };
  }

  #resolved(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : (this.#specification.definitions[schema.$ref.replace('#/definitions/', '')] ?? {});
  }
}
