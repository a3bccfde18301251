import * as hostPaths from 'node:path';
import { posix } from 'node:path';
import { type ContainerPathStat, readContainerArchive, statContainerPath, writeContainerArchive } from '../../../api/client/container-files.ts';
import type { EngineClient } from '../../../api/client/engine-client.ts';
import { CopyProgress } from '../../copy/copy-progress.ts';
import { followedPath, parseCopyArgument, planCopy, type Source, splitEntry, type Target } from '../../copy/copy-paths.ts';
import { packHost } from '../../copy/host-packer.ts';
import { absolutePath, sourceOnHost, targetOnHost } from '../../copy/host-paths.ts';
import { replaceFirst, unpackHost } from '../../copy/host-unpacker.ts';
import { reason } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, optionalBool } from '../../grammar/flag.ts';
import { write } from '../../terminal/streams.ts';
import type { Cli } from '../../cli.ts';

interface Copy { container: string; source: string; target: string; followLink: boolean; archive: boolean; quiet: boolean }

export const cp = defineCommand({
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tstrata cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  args: { min: 2, max: 2 },
  flags: {
    archive: bool('Keep users and groups', { short: 'a' }),
    'follow-link': bool('Copy what a symbolic link in SRC_PATH leads to', { short: 'L' }),
    quiet: optionalBool('Do not show progress and outcome, which are shown on terminals only', { short: 'q' }),
  },
  examples: [['cp web:/etc/hosts .', 'Copy a file out of "web"'], ['cp site/. web:/srv', 'Copy what a directory holds into "web"'], ['cp web:/srv - | tar t', 'Write a tar to standard output']],
  async run(cli, { flags, args: [from = '', to = ''] }) {
    if (from === '') throw new ExitError(1, 'source can not be empty');
    if (to === '') throw new ExitError(1, 'destination can not be empty');
    const [source, target] = [parseCopyArgument(from), parseCopyArgument(to)];
    if (source.container !== undefined && target.container !== undefined) throw new ExitError(1, 'copying between containers is not supported');
    const container = source.container ?? target.container;
    if (container === undefined) throw new ExitError(1, 'must specify at least one container source');
    const copy: Copy = { container, source: source.path, target: target.path, followLink: flags['follow-link'], archive: flags.archive, quiet: flags.quiet ?? !process.stdout.isTTY };
    const { client } = await cli.engine();
    await (source.container === undefined ? copyIn(cli, client, copy) : copyOut(cli, client, copy));
    return 0;
  },
});

async function copyOut(cli: Cli, client: EngineClient, { container, source, target, followLink, quiet }: Copy): Promise<void> {
  const toOutput = target === '-';
  const destination = toOutput ? undefined : await targetOnHost(absolutePath(target)).catch(inWords);
  const followed = followLink ? await follow(client, container, source) : { path: source, rebaseName: '' };
  const { stat, archive } = await readContainerArchive(client, container, followed.path);
  if (destination === undefined) {
    for await (const chunk of archive) await write(process.stdout, chunk);
    return;
  }
  const from: Source = { ...followed, isDirectory: isDirectory(stat.mode) };
  const { directory, rename } = plan(from, destination, { source: posix, target: hostPaths });
  const renames = [...(followed.rebaseName === '' ? [] : [{ from: splitEntry(followed.path).base, to: followed.rebaseName }]), ...(rename ? [rename] : [])];
  await shown(cli, { quiet, header: 'Copying from container - ', to: absolutePath(target) }, (progress) => unpackHost(progress.count(archive), { directory: hostPaths.resolve(directory), renames }));
}

async function copyIn(cli: Cli, client: EngineClient, { container, source, target, followLink, archive: copyUIDGID, quiet }: Copy): Promise<void> {
  const destination = await targetInContainer(client, container, target);
  const options = { noOverwriteDirNonDir: true, ...(copyUIDGID ? { copyUIDGID } : {}) };
  if (source === '-') {
    if (!destination.isDirectory) throw new ExitError(1, `destination "${container}:${target}" must be a directory`);
    const stdin = process.stdin as AsyncIterable<Uint8Array>;
    await shown(cli, { quiet, header: 'Copying to container - ', to: `${container}:${destination.path}` }, () => writeContainerArchive(client, container, { path: destination.path, ...options }, stdin));
    return;
  }
  const path = absolutePath(source);
  const from = await sourceOnHost(path, followLink).catch((error: unknown) => { throw new ExitError(1, `lstat ${path}: ${reason(error)}`); });
  const { directory, rename } = plan(from, destination, { source: hostPaths, target: posix });
  const own = from.rebaseName === '' ? splitEntry(from.path, hostPaths).base : from.rebaseName;
  const name = rename ? replaceFirst(own, rename.from, rename.to) : own;
  await shown(cli, { quiet, header: 'Copying to container - ', to: `${container}:${destination.path}` },
    (progress) => writeContainerArchive(client, container, { path: directory, ...options }, progress.count(packHost(from.path, name))));
}

async function follow(client: EngineClient, container: string, path: string): Promise<{ path: string; rebaseName: string }> {
  const stat = await statContainerPath(client, container, path).catch(() => undefined);
  if (!stat || !isSymlink(stat.mode)) return { path, rebaseName: '' };
  return followedPath(path, fromLink(path, stat.linkTarget));
}

/** A symlink is followed once: the engine tells where it leads to in the end. What cannot be asked for shows when it is written. */
async function targetInContainer(client: EngineClient, container: string, path: string): Promise<Target> {
  const ask = (wanted: string): Promise<ContainerPathStat | undefined> => statContainerPath(client, container, wanted).catch(() => undefined);
  let stat = await ask(path);
  let real = path;
  if (stat && isSymlink(stat.mode)) {
    real = fromLink(path, stat.linkTarget);
    stat = await ask(real);
  }
  if (stat && isDevice(stat.mode)) throw new ExitError(1, `destination "${container}:${path}" must be a directory or a regular file: got a device`);
  return { path: real, exists: stat !== undefined, isDirectory: stat !== undefined && isDirectory(stat.mode) };
}

const fromLink = (path: string, target: string): string => (target.startsWith('/') ? target : posix.join(splitEntry(path).directory, target));

/** Bits of Go's os.FileMode, which are more than 32-bit arithmetic takes. */
const hasBit = (mode: number, bit: number): boolean => Math.floor(mode / 2 ** bit) % 2 === 1;
const isDirectory = (mode: number): boolean => hasBit(mode, 31);
const isSymlink = (mode: number): boolean => hasBit(mode, 27);
const isDevice = (mode: number): boolean => hasBit(mode, 26);

function plan(...args: Parameters<typeof planCopy>): ReturnType<typeof planCopy> {
  try {
    return planCopy(...args);
  } catch (error) {
    throw new ExitError(1, (error as Error).message);
  }
}

function inWords(error: unknown): never {
  throw error instanceof ExitError ? error : new ExitError(1, reason(error));
}

/** Tells the outcome as docker does, also of a copy that has failed. */
async function shown(cli: Cli, { quiet, header, to }: { quiet: boolean; header: string; to: string }, work: (progress: CopyProgress) => Promise<void>): Promise<void> {
  const progress = new CopyProgress(header, quiet);
  try {
    await work(progress);
  } finally {
    progress[Symbol.dispose]();
    if (!quiet) cli.error(`Successfully copied ${progress.size} to ${to}`);
  }
}
