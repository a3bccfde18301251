import type { TarEntry, TarEntryType } from './tar-entry.ts';
import { BLOCK_BYTES } from './tar-header.ts';

const TYPES: Readonly<Record<TarEntryType, string>> = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' };
const NO_BYTES = Buffer.alloc(0);

/** Two zero blocks. Source: POSIX.1-2017 pax, "ustar Interchange Format". */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

/**
 * The header of one member, ustar, with a pax header in front where ustar has no room: long names, names that are not ASCII, large numbers,
 * extended attributes. Times are whole seconds, as docker writes them. A sparse file is written as one that is all data.
 * Source: POSIX.1-2017 pax; star(4) for `SCHILY.xattr`.
 */
export function encodeTarEntry(entry: TarEntry): Buffer {
  const records: string[] = [];
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  const size = entry.type === 'file' ? entry.size : 0;
  const { mtime } = entry;
  if (!fits(name, 100)) records.push(paxRecord('path', name));
  if (!fits(entry.linkName, 100)) records.push(paxRecord('linkpath', entry.linkName));
  for (const [keyword, value, limit] of [['size', size, 8 ** 11], ['uid', entry.uid, 8 ** 7], ['gid', entry.gid, 8 ** 7], ['mtime', mtime, 8 ** 11]] as const) {
    if (value < 0 || value >= limit) records.push(paxRecord(keyword, String(value)));
  }
  for (const [attribute, value] of entry.xattrs) records.push(paxRecord(`SCHILY.xattr.${attribute}`, value.toString('latin1')));
  const header = block({ ...entry, name, size }, TYPES[entry.type]);
  if (records.length === 0) return header;
  const body = Buffer.from(records.join(''), 'latin1');
  const extension = block({ ...entry, name: `PaxHeaders.0/${baseOf(name)}`, linkName: '', mode: 0o644, size: body.length, mtime: 0 }, 'x');
  return Buffer.concat([extension, body, tarPadding(body.length), header]);
}

/** Zeros from the end of a member's content to the next block. */
export function tarPadding(size: number): Buffer {
  const rest = size % BLOCK_BYTES;
  return rest === 0 ? NO_BYTES : Buffer.alloc(BLOCK_BYTES - rest);
}

const fits = (text: string, bytes: number): boolean => text.length <= bytes && /^[\x00-\x7f]*$/.test(text);

const baseOf = (name: string): string => name.replace(/\/$/, '').split('/').at(-1)?.replace(/[^\x20-\x7e]/g, '?') ?? '';

/** `<length> <keyword>=<value>\n`, where the length counts its own digits. */
function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function block(entry: TarEntry, type: string): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  bytes.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(bytes, 100, 8, entry.mode);
  octal(bytes, 108, 8, entry.uid);
  octal(bytes, 116, 8, entry.gid);
  octal(bytes, 124, 12, entry.size);
  octal(bytes, 136, 12, entry.mtime);
  bytes.write('        ', 148);
  bytes.write(type, 156);
  bytes.write(entry.linkName.slice(0, 100), 157, 'latin1');
  bytes.write('ustar\x0000', 257);
  octal(bytes, 329, 8, entry.deviceMajor);
  octal(bytes, 337, 8, entry.deviceMinor);
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** What the field cannot hold stands in the pax header, and is 0 here. */
function octal(bytes: Buffer, start: number, length: number, value: number): void {
  const held = value >= 0 && value < 8 ** (length - 1) ? value : 0;
  bytes.write(`${held.toString(8).padStart(length - 1, '0')}\0`, start);
}
