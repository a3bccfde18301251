import type { ElementChange, SetElement } from '../linux/nf-tables.ts';
import { ipBytes, parseCidr, parseIp } from './cidr.ts';

/** What a field of a set holds, by nft's names. `inet_proto` is one of tcp, udp and sctp here. */
type Field = 'ifname' | 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service';

interface SetShape {
  key: readonly Field[];
  data?: readonly Field[];
  interval?: true;
}

/**
 * The sets and maps of our table: all that ever changes in it. The chains look things up in them and are written once, so the cost of
 * a network or a port does not grow with what is there already.
 */
const SETS = {
  bridges: { key: ['ifname'] },
  internal: { key: ['ifname'] },
  /** Containers of which may be reached from outside at every port. */
  open: { key: ['ifname'] },
  within: { key: ['ifname', 'ifname'] },
  subnets4: { key: ['ipv4_addr'], interval: true },
  subnets6: { key: ['ipv6_addr'], interval: true },
  reachable4: { key: ['ifname', 'ipv4_addr'], interval: true },
  reachable6: { key: ['ifname', 'ipv6_addr'], interval: true },
  published4: { key: ['inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  published6: { key: ['inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  published_at4: { key: ['ipv4_addr', 'inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  published_at6: { key: ['ipv6_addr', 'inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  /** Ports of containers that are reached by routing, without translation. */
  routed4: { key: ['ipv4_addr', 'inet_proto', 'inet_service'] },
  routed6: { key: ['ipv6_addr', 'inet_proto', 'inet_service'] },
} as const satisfies Readonly<Record<string, SetShape>>;

export type SetName = keyof typeof SETS;

/** One member of a set or map, its fields as text. */
export interface Element {
  set: SetName;
  key: readonly string[];
  data?: readonly string[];
}

/** The declarations in nft's language. */
export function declareSets(): string[] {
  return Object.entries<SetShape>(SETS).map(([name, { key, data, interval }]) => {
    const kind = data ? 'map' : 'set';
    return `  ${kind} ${name} { type ${key.join(' . ')}${data ? ` : ${data.join(' . ')}` : ''};${interval ? ' flags interval;' : ''} }`;
  });
}

/** Elements in nft's language, one command for each set. */
export function elementCommands(table: string, elements: readonly Element[]): string[] {
  return [...Map.groupBy(elements, ({ set }) => set)].map(([set, members]) => {
    const shape: SetShape = SETS[set];
    const texts = members.map(({ key, data }) => quote(key, shape.key) + (data && shape.data ? ` : ${quote(data, shape.data)}` : ''));
    return `add element inet ${table} ${set} { ${texts.join(', ')} }`;
  });
}

function quote(values: readonly string[], fields: readonly Field[]): string {
  return values.map((value, index) => (fields[index] === 'ifname' ? `"${value}"` : value)).join(' . ');
}

/** The same for the kernel. */
export function elementChange(verb: ElementChange['verb'], elements: readonly Element[]): ElementChange {
  return { verb, elements: elements.map((element) => encode(element, verb)) };
}

function encode({ set, key, data }: Element, verb: ElementChange['verb']): SetElement {
  const shape: SetShape = SETS[set];
  const single = shape.key.length === 1;
  const join = (side: 'first' | 'last'): Buffer => Buffer.concat(shape.key.map((field, index) => encodeField(field, key[index] ?? '', side, single)));
  return {
    set, key: join('first'), ...(shape.interval ? { keyEnd: join('last') } : {}),
    ...(verb === 'add' && shape.data && data ? { data: Buffer.concat(shape.data.map((field, index) => encodeField(field, data[index] ?? '', 'first', false))) } : {}),
  };
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** @param side which end of a range, where the text is one */
function encodeField(field: Field, text: string, side: 'first' | 'last', unpadded: boolean): Buffer {
  switch (field) {
    case 'ifname': {
      const name = Buffer.alloc(16);
      name.write(text, 'utf8');
      return name;
    }
    case 'inet_proto': return Buffer.from([PROTOCOLS[text] ?? 0, 0, 0, 0].slice(0, unpadded ? 1 : 4));
    case 'inet_service': return Buffer.from([Number(text) >> 8, Number(text) & 255, 0, 0].slice(0, unpadded ? 2 : 4));
    default: {
      if (!text.includes('/')) return ipBytes(parseIp(text));
      const { family, network, broadcast } = parseCidr(text);
      return ipBytes({ family, value: side === 'first' ? network : broadcast });
    }
  }
}
