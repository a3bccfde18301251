import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { lastError, libc } from './libc.ts';
import { setLinkUp } from './link.ts';
import { NetlinkSocket } from './netlink.ts';
import { unmountAll } from './mount.ts';

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const OWN_NAMESPACE = '/proc/thread-self/ns/net';
const LOOPBACK_INDEX = 1;

/**
 * Runs `work` in another network namespace and comes back. Only this thread moves, and nothing else runs on it meanwhile:
 * `work` must be synchronous.
 */
function away<T>(enter: () => void, work: () => T): T {
  const home = openSync(OWN_NAMESPACE, 'r');
  try {
    enter();
    try {
      return work();
    } finally {
      if (libc.setns(home, CLONE_NEWNET) !== 0) {
        // Going on in the wrong network would be worse than ending: containers survive that.
        process.stderr.write('fatal: cannot return to the own network namespace\n');
        process.abort();
      }
    }
  } finally {
    closeSync(home);
  }
}

/**
 * Makes a network namespace that is held by a file at `path` (as ip-netns(8) does), with its loopback up and `sysctls` set.
 * Takes about one millisecond.
 * @returns a socket into it, which the caller closes
 */
export function createNetworkNamespace(path: string, sysctls: Readonly<Record<string, string>>): NetlinkSocket {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, '', { flag: 'wx', mode: 0o400 });
  try {
    return away(() => { if (libc.unshare(CLONE_NEWNET) !== 0) throw lastError('unshare', 'network namespace'); }, () => {
      if (libc.mount(OWN_NAMESPACE, path, 'none', MS_BIND, null) !== 0) throw lastError('mount', path);
      for (const [name, value] of Object.entries(sysctls)) setSysctl(name, value);
      const netlink = new NetlinkSocket();
      setLinkUp(netlink, LOOPBACK_INDEX);
      return netlink;
    });
  } catch (error) {
    libc.umount2(path, 2);
    rmSync(path, { force: true });
    throw error;
  }
}

/** A socket into the namespace at `path`, which the caller closes. @param sysctls set there on the way */
export function openNetworkNamespace(path: string, sysctls: Readonly<Record<string, string>> = {}): NetlinkSocket {
  return inNetworkNamespace(path, () => {
    for (const [name, value] of Object.entries(sysctls)) setSysctl(name, value);
    return new NetlinkSocket();
  });
}

/** Runs `work`, which is synchronous, with this thread in the namespace at `path`. @throws an error with `code` where that is none */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const target = openSync(path, 'r');
  try {
    return away(() => { if (libc.setns(target, CLONE_NEWNET) !== 0) throw lastError('setns', path); }, work);
  } finally {
    closeSync(target);
  }
}

/** Lets go of a namespace; the kernel takes it and its links apart when its last process has gone. Idempotent. */
export async function deleteNetworkNamespace(path: string): Promise<void> {
  await unmountAll(path);
  rmSync(path, { force: true });
}

/** A kernel parameter of the present namespace: `net.ipv4.ip_forward`. Parts that hold dots (interface names) are not supported. */
export function setSysctl(name: string, value: string): void {
  writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value);
}

/** One of an interface of the present namespace, whatever its name. A kernel without IPv6 has none of its. */
export function setInterfaceSysctl(family: 'ipv4' | 'ipv6', interfaceName: string, key: string, value: string): void {
  const directory = `/proc/sys/net/${family}/conf/${interfaceName}`;
  if (existsSync(directory)) writeFileSync(`${directory}/${key}`, value);
}

export function readSysctl(name: string): string {
  return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
}
