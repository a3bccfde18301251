import { closeSync, readSync } from 'node:fs';
import { InvalidArgumentError } from '../../api/errors.ts';
import { openInRoot } from '../linux/open-in-root.ts';

export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: readonly number[];
  home: string;
}

const MAX_ID = 2 ** 31 - 1;
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Who `user[:group]` (docker's USER / `--user`) is inside an image: names and numbers are looked up in the image's own
 * /etc/passwd and /etc/group (passwd(5), group(5)). Empty means root. Numbers need no entry there; names do.
 * Supplementary groups are the user's memberships, unless a group was given, plus `extraGroups` (`--group-add`).
 * @throws InvalidArgumentError naming what could not be found.
 */
export function resolveUser(rootfs: string, user: string, extraGroups: readonly string[] = []): ResolvedUser {
  const [userPart = '', groupPart = ''] = user.split(':', 2);
  return resolveUserIn(readDatabase(rootfs, '/etc/passwd'), readDatabase(rootfs, '/etc/group'), { userPart, groupPart, extraGroups });
}

/** The pure part: rows of passwd and group in, ids out. */
export function resolveUserIn(
  passwd: readonly string[][], groups: readonly string[][],
  request: { userPart: string; groupPart: string; extraGroups: readonly string[] },
): ResolvedUser {
  const { userPart, groupPart } = request;
  const wantedUser = userPart === '' ? '0' : userPart;
  const entry = passwd.find((row) => row[0] === wantedUser) ?? passwd.find((row) => row[2] === wantedUser);
  const uid = entry ? parseId(entry[2]) : parseId(wantedUser);
  if (uid === undefined) throw new InvalidArgumentError(`unable to find user ${wantedUser}: no matching entries in passwd file`);
  const gid = groupPart === '' ? (entry ? parseId(entry[3]) : 0) : findGroup(groups, groupPart);
  if (gid === undefined) throw new InvalidArgumentError(`unable to find group ${groupPart}: no matching entries in group file`);
  const memberships = groupPart === '' && entry
    ? groups.filter((row) => (row[3] ?? '').split(',').includes(entry[0] ?? '')).flatMap((row) => parseId(row[2]) ?? [])
    : [];
  const extra = request.extraGroups.map((name) => {
    const id = findGroup(groups, name);
    if (id === undefined) throw new InvalidArgumentError(`unable to find group ${name}: no matching entries in group file`);
    return id;
  });
  const home = entry?.[5];
  return { uid, gid, additionalGids: [...new Set([...memberships, ...extra])], home: home === undefined || home === '' ? '/' : home };
}

function findGroup(groups: readonly string[][], name: string): number | undefined {
  const row = groups.find((candidate) => candidate[0] === name);
  return row ? parseId(row[2]) : parseId(name);
}

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new InvalidArgumentError(`uids and gids must be in range 0-${String(MAX_ID)}`);
  return id;
}

/** Rows of a colon-separated file inside the image. A missing file has no rows; so has what an image puts there instead of a file. */
function readDatabase(rootfs: string, path: string): string[][] {
  let fd;
  try {
    // Not blocking: an image may put a FIFO there.
    fd = openInRoot(rootfs, path, 0o4000);
  } catch {
    return [];
  }
  try {
    const buffer = Buffer.alloc(MAX_FILE_BYTES);
    let length = 0;
    for (let n = readSync(fd, buffer, 0, MAX_FILE_BYTES, null); n > 0 && length < MAX_FILE_BYTES; n = readSync(fd, buffer, length, MAX_FILE_BYTES - length, null)) length += n;
    return buffer.toString('utf8', 0, length).split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'));
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
}
