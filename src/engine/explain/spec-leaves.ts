import type { OciMount, OciSpec } from '../runtime/oci-spec.ts';

export interface SpecLeaf {
  path: string;
  value: string;
}

/** Fields that are one matter and are shown as one line. */
const WHOLE = ['process.user', 'process.args', 'process.capabilities', 'linux.resources.devices', 'linux.devices', 'linux.maskedPaths', 'linux.readonlyPaths', 'linux.sysctl', 'linux.seccomp'];

/** A spec as lines: fields, and the elements of lists by what names them (`process.env PATH`, `mounts /proc`). Pure. */
export function leavesOf(spec: OciSpec): SpecLeaf[] {
  return Object.entries(spec).flatMap(([key, value]) => leaves(key, value));
}

function leaves(path: string, value: unknown): SpecLeaf[] {
  if (value === undefined || value === null) return [];
  if (WHOLE.includes(path)) return isEmpty(value) ? [] : [{ path, value: summary(path, value) }];
  if (Array.isArray(value)) return value.map((item: unknown) => element(path, item));
  if (typeof value === 'object') return Object.entries(value).flatMap(([key, item]) => leaves(`${path}.${key}`, item));
  return [{ path, value: text(value) }];
}

function element(path: string, item: unknown): SpecLeaf {
  if (typeof item === 'string') {
    const at = item.indexOf('=');
    return at === -1 ? { path, value: item } : { path: `${path} ${item.slice(0, at)}`, value: item.slice(at + 1) };
  }
  if (!isObject(item)) return { path, value: text(item) };
  if (isMount(item)) return { path: `${path} ${item.destination}`, value: `${item.type} ${item.source} ${item.options.join(',')}`.trim() };
  const { type, path: at, ...rest } = item;
  if (typeof type === 'string') return { path: `${path} ${type}`, value: typeof at === 'string' ? at : isEmpty(rest) ? 'new' : JSON.stringify(rest) };
  return { path, value: JSON.stringify(item) };
}

function summary(path: string, value: unknown): string {
  if (path === 'process.capabilities' && isObject(value)) return listText(value['bounding']);
  if (path === 'process.user' && isObject(value)) return `${text(value['uid'])}:${text(value['gid'])}${isEmpty(value['additionalGids']) ? '' : ` +${listText(value['additionalGids'])}`}`;
  if (path === 'linux.seccomp' && isObject(value)) {
    const { syscalls } = value;
    return `${text(value['defaultAction'])}, ${String(Array.isArray(syscalls) ? syscalls.length : 0)} rules`;
  }
  if (path === 'linux.resources.devices' && Array.isArray(value)) return `${String(value.length)} rules`;
  if (path === 'process.args') return JSON.stringify(value);
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(' ') : JSON.stringify(value);
}

function listText(value: unknown): string {
  return Array.isArray(value) ? value.map((item) => text(item)).join(' ') : text(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMount(value: Record<string, unknown>): value is Record<string, unknown> & OciMount {
  return typeof value['destination'] === 'string' && typeof value['type'] === 'string' && typeof value['source'] === 'string' && Array.isArray(value['options']);
}
