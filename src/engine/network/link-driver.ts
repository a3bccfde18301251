import { closeSync, openSync } from 'node:fs';
import { InternalError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import { createSubLink, deleteLink, findLink, linkIndex } from '../linux/link.ts';
import { NetlinkSocket } from '../linux/netlink.ts';
import { parseMtu } from './bridge-options.ts';
import { type LinkOptions, parseLinkOptions } from './link-options.ts';
import type { NetworkDriver, Sandbox } from './network-driver.ts';
import type { EndpointRecord, NetworkRecord } from './network-record.ts';
import { configureLink, macBytes } from './sandbox-link.ts';

/** As the kernel numbers them: linux/if_link.h. */
const MODES: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8, l2: 0, l3: 1, l3s: 2 };

/** `macvlan` and `ipvlan`: containers are neighbours of this machine on one of its own networks. Nothing is translated, so no port is published. */
export class LinkDriver implements NetworkDriver {
  readonly name: 'macvlan' | 'ipvlan';
  readonly #netlink = new NetlinkSocket();
  readonly #alias: string;
  readonly #log: Logger;

  /** @param options.owner written into the kernel's alias of links that this makes */
  constructor(name: 'macvlan' | 'ipvlan', options: { owner: string; log: Logger }) {
    this.name = name;
    this.#alias = `strata ${options.owner}`;
    this.#log = options.log;
  }

  create(network: NetworkRecord): Promise<void> {
    return asPromise(() => {
      const { vlan } = this.#options(network);
      const parent = parentName(network);
      if (findLink(this.#netlink, parent)) return;
      if (vlan) createSubLink(this.#netlink, { kind: 'vlan', name: parent, alias: this.#alias, id: vlan.id, parentIndex: linkIndex(this.#netlink, vlan.link) });
      else this.#explaining('dummy', () => { createSubLink(this.#netlink, { kind: 'dummy', name: parent, alias: this.#alias }); });
      this.#log.info('parent link created', { network: network.name, link: parent });
    });
  }

  delete(network: NetworkRecord): Promise<void> {
    return asPromise(() => {
      const parent = parentName(network);
      if (findLink(this.#netlink, parent)?.alias === this.#alias) deleteLink(this.#netlink, parent);
    });
  }

  attach(network: NetworkRecord, draft: EndpointRecord, sandbox: Sandbox): Promise<EndpointRecord> {
    return asPromise(() => {
      const endpoint: EndpointRecord = { ...draft, ports: [] };
      const mtu = parseMtu(network.options['com.docker.network.driver.mtu']);
      const mode = MODES[this.#options(network).mode] ?? 0;
      const namespaceFd = openSync(sandbox.path, 'r');
      try {
        this.#explaining(this.name, () => {
          createSubLink(this.#netlink, {
            kind: this.name, mode, name: endpoint.interfaceName ?? '', parentIndex: linkIndex(this.#netlink, parentName(network)), namespaceFd,
            ...(this.name === 'macvlan' ? { mac: macBytes(endpoint.mac ?? '') } : {}), ...(mtu === undefined ? {} : { mtu }),
          });
        });
      } finally {
        closeSync(namespaceFd);
      }
      try {
        configureLink(sandbox, endpoint);
      } catch (error) {
        deleteLink(sandbox.netlink, endpoint.interfaceName ?? '');
        throw error;
      }
      if (this.name === 'macvlan') return endpoint;
      // All of them have the parent's.
      const { mac: _own, ...rest } = endpoint;
      return rest;
    });
  }

  adopt(): void {
    // Nothing is held outside of the container.
  }

  detach(_network: NetworkRecord, endpoint: EndpointRecord, { sandbox }: { sandbox?: Sandbox } = {}): Promise<void> {
    return asPromise(() => { if (sandbox && endpoint.interfaceName !== undefined) deleteLink(sandbox.netlink, endpoint.interfaceName); });
  }

  #options(network: NetworkRecord): LinkOptions {
    return parseLinkOptions(this.name, network.options, (name) => findLink(this.#netlink, name) !== undefined);
  }

  #explaining(kind: string, work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause)) throw cause;
      if (cause.code === 'EOPNOTSUPP') throw new InternalError(`operation not supported: this kernel has no ${kind} links`, { cause });
      throw new InternalError(`failed to create the ${kind} link: ${String(cause.code)}`, { cause });
    }
  }
}

/** The interface underneath; one of its own where none is named. */
function parentName({ id, options }: NetworkRecord): string {
  const parent = options['parent'] ?? '';
  return parent === '' ? `dm-${id.slice(0, 12)}` : parent;
}

function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => { resolve(work()); });
}
