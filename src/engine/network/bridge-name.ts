import { existsSync } from 'node:fs';
import { findLink } from '../linux/link.ts';
import { NetlinkSocket } from '../linux/netlink.ts';

/**
 * A name for the default bridge that no other engine on this machine uses: `strata0`, `strata1` … One that belongs to `owner`
 * already is taken again. `stale`: the interface is left from an engine whose data root no longer exists, and must be deleted first.
 * @param owner the data root
 */
export function chooseBridgeName(owner: string): { name: string; stale: boolean } {
  using netlink = new NetlinkSocket();
  for (let index = 0; ; index += 1) {
    const name = `strata${String(index)}`;
    const link = findLink(netlink, name);
    if (!link || link.alias === `strata ${owner}`) return { name, stale: false };
    if (link.alias.startsWith('strata ') && !existsSync(link.alias.slice('strata '.length))) return { name, stale: true };
  }
}

/** Whether this machine has an interface of that name. */
export function hasInterface(name: string): boolean {
  using netlink = new NetlinkSocket();
  return findLink(netlink, name) !== undefined;
}
