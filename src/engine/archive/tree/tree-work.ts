import { accessSync, closeSync, constants, readSync } from 'node:fs';
import { PermissionDeniedError } from '../../../api/errors.ts';
import { descriptorPath, readLinkDescriptor, statDescriptor, withDescriptor } from '../../linux/descriptor.ts';
import { textOfName } from '../tar-entry.ts';
import { TarParser } from '../tar-parser.ts';
import { GatheringOutput } from './gathering-output.ts';
import { packLayer } from './layer-packer.ts';
import { cleanPath, openPath, openTarget, resolveLinks } from './rooted-path.ts';
import { findDifferences } from './tree-difference.ts';
import { type ByteSink, listNames, openIfThere, TreePacker } from './tree-packer.ts';
import { TreeUnpacker } from './tree-unpacker.ts';

/**
 * What a thread does with trees. Descriptors are the whole process's: whoever asks opens them before and closes them after. `path` is text as
 * a client wrote it, `output` and `input` are ends of pipes.
 */
export type TreeRequest =
  | { kind: 'stat'; root: number; path: string }
  | { kind: 'pack'; root: number; path: string; output: number }
  | { kind: 'unpack'; root: number; path: string; input: number; keepKinds: boolean; owner?: { uid: number; gid: number } }
  | { kind: 'export'; root: number; output: number }
  | { kind: 'compare'; upper: number; lower: number | undefined; layering: 'stacked' | 'merged'; placeholders: readonly string[] }
  | { kind: 'layer'; upper: number; lower: number | undefined; layering: 'stacked' | 'merged'; placeholders: readonly string[]; output: number };

/** What a file is, as clients are told. */
export interface FileFacts {
  name: string;
  size: number;
  /** st_mode: type and permission bits. */
  mode: number;
  mtimeNs: bigint;
  /** Of a symlink: where it leads inside the root, followed to the end; empty otherwise. */
  linkTarget: string;
}

export interface TreeChange {
  kind: 'added' | 'modified' | 'deleted';
  /** Text, with leading slash. */
  path: string;
}

/** What is told before bytes move: that the path was found, or that it can be written to. */
export interface TreeReport { facts?: FileFacts }

export interface TreeResult {
  facts?: FileFacts;
  changes?: TreeChange[];
  sizeBytes?: number;
}

/** Carries a request out. Synchronous. @throws errors of api/errors.ts, and errors with `code` as node:fs does */
export function doTreeWork(request: TreeRequest, report: (report: TreeReport) => void): TreeResult {
  switch (request.kind) {
    case 'stat': return withPath(request, (_fd, facts) => ({ facts }));
    case 'pack': return withPath(request, (fd, facts, name) => {
      report({ facts });
      pack(request.output, (packer) => { packer.add(fd, name); });
      return {};
    });
    case 'unpack': return unpack(request, report);
    case 'export':
      report({});
      pack(request.output, (packer) => { exportChildren(packer, request.root); });
      return {};
    case 'compare': return { changes: compare(request) };
    case 'layer':
      report({});
      return writingTo(request.output, (sink) => packLayer({ ...request, omit: placeholderFilter(request) }, sink));
  }
}

function withPath(request: { root: number; path: string }, work: (fd: number, facts: FileFacts, name: string) => TreeResult): TreeResult {
  const path = cleanPath(request.path);
  return withDescriptor(openPath(request.root, path), (fd) => {
    const { size, mode, mtimeNs } = statDescriptor(fd);
    const isLink = statDescriptor(fd).isSymbolicLink();
    const linkTarget = isLink ? textOfName(followLink(request.root, path.parent, readLinkDescriptor(fd))) : '';
    return work(fd, { name: textOfName(path.name), size: Number(size), mode: Number(mode), mtimeNs, linkTarget }, path.name);
  });
}

function followLink(root: number, parent: string, target: string): string {
  return resolveLinks(root, target.startsWith('/') ? target : `${parent}/${target}`);
}

/** Everything below a root, named from there, without the root itself, as docker's export has it. */
function exportChildren(packer: TreePacker, root: number): void {
  for (const name of listNames(root)) {
    const fd = openIfThere(root, name);
    if (fd !== undefined) withDescriptor(fd, () => { packer.add(fd, name); });
  }
}

function pack(output: number, work: (packer: TreePacker) => void): void {
  writingTo(output, (sink) => {
    const packer = new TreePacker(sink);
    work(packer);
    packer.finish();
  });
}

function writingTo<T>(output: number, work: (sink: ByteSink) => T): T {
  const gathering = new GatheringOutput(output);
  const result = work((bytes) => { gathering.write(bytes); });
  gathering.flush();
  return result;
}

const INPUT_BYTES = 256 * 1024;

function unpack(request: Extract<TreeRequest, { kind: 'unpack' }>, report: (report: TreeReport) => void): TreeResult {
  const { fd, path } = openTarget(request.root, request.path);
  withDescriptor(fd, () => { checkWritable(fd); });
  report({});
  const unpacker = new TreeUnpacker({ root: request.root, destination: path, keepKinds: request.keepKinds, ...(request.owner ? { owner: request.owner } : {}) });
  const parser = new TarParser(unpacker);
  const buffer = Buffer.allocUnsafe(INPUT_BYTES);
  try {
    let seen = false;
    for (let count = readSync(request.input, buffer); count > 0; count = readSync(request.input, buffer)) {
      seen = true;
      parser.push(buffer.subarray(0, count));
    }
    if (seen) parser.finish();
    unpacker.finish();
  } finally {
    unpacker.close();
  }
  return {};
}

function checkWritable(fd: number): void {
  try {
    accessSync(descriptorPath(fd), constants.W_OK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EROFS') throw new PermissionDeniedError('the file system is read-only', { cause });
    throw cause;
  }
}

type Comparison = Extract<TreeRequest, { kind: 'compare' | 'layer' }>;

function compare(request: Comparison): TreeChange[] {
  const changes: TreeChange[] = [];
  findDifferences({ ...request, omit: placeholderFilter(request) }, (kind, name) => { changes.push({ kind, path: `/${textOfName(name)}` }); });
  return changes;
}

/** What was made only to have something mounted on it: an empty file or directory, or a link, of one of these names that was not there before. */
function placeholderFilter({ placeholders, lower }: Comparison): (name: string, fd: number) => boolean {
  const names = new Set(placeholders);
  return (name, fd) => {
    if (!names.has(name)) return false;
    const stats = statDescriptor(fd);
    const empty = stats.isDirectory() ? listNames(fd).every((child) => names.has(`${name}/${child}`)) : stats.isSymbolicLink() || (stats.isFile() && stats.size === 0n);
    return empty && (lower === undefined || !isThere(lower, name));
  };
}

function isThere(root: number, name: string): boolean {
  let at = root;
  const opened: number[] = [];
  try {
    for (const part of name.split('/')) {
      const next = openIfThere(at, part);
      if (next === undefined) return false;
      opened.push(next);
      at = next;
    }
    return true;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

