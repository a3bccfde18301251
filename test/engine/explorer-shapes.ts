import assert from 'node:assert/strict';

/**
 * The replies of docs/strata-api.md as JSON schemas, as far as they are used here: type, required properties and no others, items, enum,
 * pattern, minimum.
 */
export interface Schema {
  type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  properties?: Readonly<Record<string, Schema>>;
  optional?: readonly string[];
  items?: Schema;
  enum?: readonly string[];
  pattern?: RegExp;
  minimum?: number;
}

const string: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const layer: Schema = { type: 'integer', minimum: 1 };
const digest: Schema = { type: 'string', pattern: /^sha256:[0-9a-f]{64}$/ };
const time: Schema = { type: 'string', pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/ };
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({ type: 'object', properties, optional });

const PATH = { Path: { type: 'string', pattern: /^\// }, PathBytes: string } as const;
const FACTS = {
  Kind: { type: 'string', enum: ['file', 'directory', 'symlink', 'char', 'block', 'fifo'] }, Mode: { type: 'integer', minimum: 0 }, Uid: count, Gid: count, Size: count,
  Target: string, Device: { type: 'string', pattern: /^\d+:\d+$/ }, Digest: digest,
} as const;
const MAY_LACK = ['PathBytes', 'Target', 'Device', 'Digest'];

export const LAYERS = object({
  Id: digest, RepoTags: list(string),
  Layers: list(object({
    Number: layer, DiffId: digest, ChainId: digest, Parent: digest, Blob: digest, MediaType: string, BlobBytes: count, Bytes: count, Added: count, Overwritten: count, Removed: count,
    CreatedBy: string, Comment: string, SharedWith: list(object({ Id: digest, RepoTags: list(string) })), FreedBytes: count,
  }, ['Parent', 'CreatedBy', 'Comment'])),
  Steps: list(object({ Created: time, CreatedBy: string, Comment: string, Layer: layer }, ['Layer'])),
  Deletion: object({ FreedBytes: count, LayerBytes: count, BlobBytes: count, AlsoDeleted: list(digest), Containers: list(object({ Id: string, Running: { type: 'boolean' } })), Children: list(digest), Blocked: { type: 'boolean' } }),
});

export const FILE = object({
  ...PATH, ...FACTS, Layer: count, Steps: list(object({ Layer: layer, Change: { type: 'string', enum: ['added', 'overwritten', 'removed'] } })),
  Change: { type: 'string', enum: ['added', 'overwritten', 'removed', 'none'] },
}, [...MAY_LACK, 'Change']);

export const DIFFERENCE = object({
  ...PATH, Change: { type: 'string', enum: ['added', 'removed', 'changed'] }, From: object(FACTS, MAY_LACK), To: object(FACTS, MAY_LACK),
  Differs: list({ type: 'string', enum: ['kind', 'content', 'target', 'mode', 'owner'] }),
}, ['PathBytes', 'From', 'To']);

export const WASTE = object({
  Id: digest, StoredBytes: count, WastedBytes: count, Efficiency: { type: 'number', minimum: 0 }, PathCount: count,
  Paths: list(object({ ...PATH, WastedBytes: count, Versions: list(object({ Layer: layer, Bytes: count, HiddenBy: layer, How: { type: 'string', enum: ['overwritten', 'removed'] } })) }, ['PathBytes'])),
});

/** @throws AssertionError that names the place */
export function checkShape(value: unknown, schema: Schema, where: string): void {
  const { type, properties, optional = [], items, pattern, minimum } = schema;
  if (type === 'array') {
    assert.ok(Array.isArray(value), `${where}: no list`);
    if (items) for (const [index, item] of (value as unknown[]).entries()) checkShape(item, items, `${where}[${String(index)}]`);
    return;
  }
  if (type === 'object') {
    assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${where}: no object`);
    const fields = new Map(Object.entries(value));
    for (const [name, field] of fields) { const known = properties?.[name]; assert.ok(known, `${where}.${name} is not described`); checkShape(field, known, `${where}.${name}`); }
    for (const name of Object.keys(properties ?? {})) assert.ok(fields.has(name) || optional.includes(name), `${where}.${name} is missing`);
    return;
  }
  assert.equal(typeof value, type === 'integer' ? 'number' : type, where);
  if (type === 'integer') assert.ok(Number.isSafeInteger(value), `${where}: ${String(value)} is no whole number`);
  if (minimum !== undefined) assert.ok(Number(value) >= minimum, `${where}: ${String(value)} is too small`);
  if (pattern) assert.match(String(value), pattern, where);
  if (schema.enum) assert.ok(schema.enum.includes(String(value)), `${where}: ${String(value)}`);
}
