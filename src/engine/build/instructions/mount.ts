import { InvalidArgumentError } from '../../../api/errors.ts';
import { parseBoolean, quote } from '../dockerfile/go-text.ts';
import { csvFields } from './csv-fields.ts';
import { withSuggestion } from './suggest.ts';

export type MountKind = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
export type CacheSharing = 'shared' | 'private' | 'locked';

/** One `--mount` of RUN. Source: Dockerfile reference, "RUN --mount". What is not given is undefined. */
export interface RunMount {
  kind: MountKind;
  /** A stage, an image or a named context; the build context, or for a cache nothing, if not given. */
  from?: string;
  source?: string;
  target?: string;
  readOnly: boolean;
  id?: string;
  sharing?: CacheSharing;
  /** Of a secret: also, or only, as this environment variable. */
  variable?: string;
  required: boolean;
  sizeBytes?: number;
  mode?: number;
  uid?: number;
  gid?: number;
}

const KINDS: readonly MountKind[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING: readonly CacheSharing[] = ['shared', 'private', 'locked'];
const ALIASES: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly', rw: 'readwrite' };
const KEYS = ['type', 'from', 'source', 'target', 'readonly', 'id', 'sharing', 'required', 'mode', 'uid', 'gid', 'src', 'dst', 'destination', 'ro', 'rw', 'readwrite', 'size', 'env'];

/**
 * What a mount takes its files from, before variables are known: dependencies of stages must not hang on them.
 * @throws InvalidArgumentError when there is a variable in it
 */
export function mountSource(text: string): string | undefined {
  const field = csvFields(text, 'mounts').findLast((each) => /^from=/i.test(each));
  const from = field?.slice('from='.length);
  if (from !== undefined && /\$./s.test(from)) throw new InvalidArgumentError("'from' doesn't support variable expansion, define alias stage instead");
  return from === '' ? undefined : from;
}

/**
 * @param expand puts the values of variables into a value
 * @throws InvalidArgumentError in BuildKit's words
 */
export function parseMount(text: string, expand: (word: string) => string = (word) => word): RunMount {
  const mount: RunMount = { kind: 'bind', readOnly: false, required: false };
  let isReadOnly: boolean | undefined;
  for (const field of csvFields(text, 'mounts')) {
    const equals = field.indexOf('=');
    const written = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const key = ALIASES[written] ?? written;
    if (equals === -1) {
      if (key === 'readonly' || key === 'readwrite') isReadOnly = key === 'readonly';
      else if (key === 'required') mount.required = requireKind(mount, written, ['secret', 'ssh'], true);
      else throw new InvalidArgumentError(`invalid field '${field}' must be a key=value pair`);
      continue;
    }
    const value = expand(field.slice(equals + 1));
    if (key === 'readonly') isReadOnly = boolean(written, value);
    else if (key === 'readwrite') isReadOnly = !boolean(written, value);
    else setField(mount, { key, written, value, field });
  }
  mount.readOnly = isReadOnly ?? (mount.kind !== 'cache' && mount.kind !== 'tmpfs');
  check(mount);
  return mount;
}

function setField(mount: RunMount, { key, written, value, field }: { key: string; written: string; value: string; field: string }): void {
  switch (key) {
    case 'type': mount.kind = oneOf(KINDS, value, 'mount type'); break;
    case 'from': case 'source': case 'target': case 'id': mount[key] = value; break;
    case 'sharing': mount.sharing = oneOf(SHARING, value, 'sharing value'); break;
    case 'env': mount.variable = requireKind(mount, written, ['secret'], value); break;
    case 'required': mount.required = requireKind(mount, written, ['secret', 'ssh'], boolean(written, value)); break;
    case 'size': mount.sizeBytes = requireKind(mount, written, ['tmpfs'], size(written, value)); break;
    case 'mode': mount.mode = integer(written, value, 8); break;
    case 'uid': case 'gid': mount[key] = integer(written, value, 10); break;
    default: throw new InvalidArgumentError(withSuggestion(`unexpected key '${written}' in '${field}'`, written, KEYS));
  }
}

function requireKind<T>(mount: RunMount, key: string, kinds: readonly MountKind[], value: T): T {
  if (!kinds.includes(mount.kind)) throw new InvalidArgumentError(`unexpected key '${key}' for mount type '${mount.kind}'`);
  return value;
}

function oneOf<T extends string>(all: readonly T[], value: string, what: string): T {
  const found = all.find((each) => each === value.toLowerCase());
  if (found === undefined) throw new InvalidArgumentError(withSuggestion(`unsupported ${what} ${quote(value)}`, value, all));
  return found;
}

function boolean(key: string, value: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw new InvalidArgumentError(`invalid value for ${key}: ${value}`);
  return parsed;
}

function integer(key: string, value: string, base: 8 | 10): number {
  const number = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) ? parseInt(value, base) : NaN;
  if (!(number <= 0xff_ff_ff_ff)) throw new InvalidArgumentError(`invalid value ${value} for ${key}`);
  return number;
}

const POWERS = ['', 'k', 'm', 'g', 't', 'p'];

/** `64m`, `1.5GiB`, `1024`. Source: go-units, RAMInBytes. */
function size(key: string, value: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value) ?? [];
  const bytes = Math.floor(Number(count) * 1024 ** POWERS.indexOf(unit.toLowerCase()));
  if (count === '' || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError(`invalid value for ${key}: ${value}`);
  return bytes;
}

function check({ kind, from, source, target, id, sharing, variable, mode, uid, gid }: RunMount): void {
  if (kind === 'bind' || kind === 'tmpfs') {
    for (const [name, value] of Object.entries({ mode, uid, gid })) if (value !== undefined) throw new InvalidArgumentError(`${name} not allowed for ${quote(kind)} type mounts`);
  }
  const given = (text: string | undefined): boolean => text !== undefined && text !== '';
  if (kind === 'secret') {
    if (given(from)) throw new InvalidArgumentError('secret mount should not have a from');
    if (sharing !== undefined) throw new InvalidArgumentError('secret mount should not define sharing');
    if (!given(source) && !given(target) && !given(id) && !given(variable)) throw new InvalidArgumentError('invalid secret mount. one of source, target required');
    if (given(source) && given(id)) throw new InvalidArgumentError("both source and id can't be set");
  }
  if (sharing !== undefined && kind !== 'cache') throw new InvalidArgumentError(`invalid cache sharing set for ${kind} mount`);
}
