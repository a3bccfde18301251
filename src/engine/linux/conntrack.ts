import { attribute, attributesOf, NETLINK_NETFILTER, NetlinkSocket } from './netlink.ts';

/** Connections that the kernel follows. Source: linux/netfilter/nfnetlink_conntrack.h. */
const SUBSYSTEM = 1;
const GET = (SUBSYSTEM << 8) | 1;
const DELETE = (SUBSYSTEM << 8) | 2;
const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const TUPLE_IP = 1;
const TUPLE_PROTOCOL = 2;
const PROTOCOL_NUMBER = 1;
const PROTOCOL_DESTINATION_PORT = 3;
const UDP = 17;
const NESTED = 0x8000;
const HEADER_BYTES = 4;

/** Source addresses of the two families: CTA_IP_V4_SRC and CTA_IP_V6_SRC. */
const SOURCE = { 2: 1, 10: 3 } as const;

/**
 * Makes the kernel forget the UDP connections that came to one of these ports of this machine, or are answered by one of these containers: a client
 * that goes on sending would reach the old container for as long as it goes on. Looks through the whole table.
 */
export function forgetUdp(ports: ReadonlySet<number>, containers: readonly Buffer[]): void {
  if (ports.size === 0 && containers.length === 0) return;
  using netlink = new NetlinkSocket(NETLINK_NETFILTER);
  for (const family of [2, 10] as const) {
    const stale: Buffer[] = [];
    const header = Buffer.from([family, 0, 0, 0]);
    netlink.dump({ type: GET, payload: header }, 'conntrack', (payload) => {
      const attributes = attributesOf(payload.subarray(HEADER_BYTES));
      const original = attributes.get(TUPLE_ORIGINAL);
      const reply = attributes.get(TUPLE_REPLY);
      if (!original || !reply) return;
      const protocol = attributesOf(attributesOf(original).get(TUPLE_PROTOCOL) ?? Buffer.alloc(0));
      if (protocol.get(PROTOCOL_NUMBER)?.[0] !== UDP) return;
      const source = attributesOf(attributesOf(reply).get(TUPLE_IP) ?? Buffer.alloc(0)).get(SOURCE[family]);
      const toPort = ports.has(protocol.get(PROTOCOL_DESTINATION_PORT)?.readUInt16BE(0) ?? 0);
      if (toPort || containers.some((container) => source?.equals(container) === true)) stale.push(Buffer.from(original));
    });
    for (const tuple of stale) {
      try {
        netlink.request({ type: DELETE, payload: Buffer.concat([header, attribute(TUPLE_ORIGINAL | NESTED, tuple)]) }, 'conntrack');
      } catch (error) {
        // It has ended by itself meanwhile.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  }
}
