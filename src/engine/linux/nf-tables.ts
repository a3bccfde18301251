import { attribute, NETLINK_NETFILTER, NetlinkSocket, NLM_F_CREATE } from './netlink.ts';

/**
 * Elements of nf_tables' sets and maps, changed in the kernel directly: a transaction takes some ten microseconds, where a spawn of
 * nft(8), which also reads what is there, takes ten milliseconds. Source: linux/netfilter/nf_tables.h.
 */
export interface SetElement {
  set: string;
  /** In network byte order; every field of a concatenation padded to four bytes. */
  key: Buffer;
  /** In sets with intervals: the last of them, itself included. */
  keyEnd?: Buffer;
  /** In maps: what the key leads to. */
  data?: Buffer;
}

export interface ElementChange {
  verb: 'add' | 'delete';
  elements: readonly SetElement[];
}

const SUBSYSTEM = 10;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const NEW_ELEMENTS = (SUBSYSTEM << 8) | 12;
const DELETE_ELEMENTS = (SUBSYSTEM << 8) | 14;
const GET_RULE = (SUBSYSTEM << 8) | 7;
const FAMILY_INET = 1;
const NESTED = 0x8000;
const ELEMENTS_TABLE = 1;
const ELEMENTS_SET = 2;
const ELEMENTS_LIST = 3;
const LIST_ELEMENT = 1;
const ELEMENT_KEY = 1;
const ELEMENT_DATA = 2;
const ELEMENT_FLAGS = 3;
const ELEMENT_KEY_END = 10;
const DATA_VALUE = 1;
const RULE_TABLE = 1;
const INTERVAL_END = Buffer.from([0, 0, 0, 1]);
/** An attribute holds 64 KiB at most. */
const ELEMENTS_PER_MESSAGE = 256;

/** One table of family `inet`, of which sets and maps change often. */
export class ElementTable implements Disposable {
  readonly #table: string;
  readonly #netlink = new NetlinkSocket(NETLINK_NETFILTER);

  constructor(table: string) {
    this.#table = table;
  }

  /** All of it or nothing. @throws an error with code `ENOENT` when the table, the set, or an element to be deleted is not there */
  change(changes: readonly ElementChange[]): void {
    this.#netlink.transact({
      begin: { type: BATCH_BEGIN, payload: generalHeader(0, SUBSYSTEM) }, end: { type: BATCH_END, payload: generalHeader(0, SUBSYSTEM) },
      messages: changes.flatMap(({ verb, elements }) => chunks(elements).map(([set, part]) => ({
        type: verb === 'add' ? NEW_ELEMENTS : DELETE_ELEMENTS, flags: verb === 'add' ? NLM_F_CREATE : 0,
        payload: Buffer.concat([
          generalHeader(FAMILY_INET, 0), attribute(ELEMENTS_TABLE, this.#table), attribute(ELEMENTS_SET, set),
          attribute(ELEMENTS_LIST | NESTED, part.flatMap((element) => encodeElement(element))),
        ]),
      }))),
    }, `nftables ${this.#table}`);
  }

  /** How many rules the table has; 0 when it is not there. */
  countRules(): number {
    let count = 0;
    try {
      this.#netlink.dump({ type: GET_RULE, payload: Buffer.concat([generalHeader(FAMILY_INET, 0), attribute(RULE_TABLE, this.#table)]) }, `nftables ${this.#table}`, () => { count += 1; });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    return count;
  }

  [Symbol.dispose](): void {
    this.#netlink[Symbol.dispose]();
  }
}

function generalHeader(family: number, resource: number): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 255]);
}

/** By set, and not too many at once. */
function chunks(elements: readonly SetElement[]): [string, SetElement[]][] {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet].flatMap(([set, all]) => Array.from({ length: Math.ceil(all.length / ELEMENTS_PER_MESSAGE) }, (_, index): [string, SetElement[]] => [set, all.slice(index * ELEMENTS_PER_MESSAGE, (index + 1) * ELEMENTS_PER_MESSAGE)]));
}

/** A range of a plain set is two elements, its beginning and the first after it; in a concatenation it is one with two keys. */
function encodeElement({ key, keyEnd, data }: SetElement): Buffer[] {
  const value = (type: number, bytes: Buffer): Buffer => attribute(type | NESTED, [attribute(DATA_VALUE, bytes)]);
  if (keyEnd && isPlain(key)) {
    return [
      attribute(LIST_ELEMENT | NESTED, [value(ELEMENT_KEY, key)]),
      attribute(LIST_ELEMENT | NESTED, [attribute(ELEMENT_FLAGS, INTERVAL_END), value(ELEMENT_KEY, successor(keyEnd))]),
    ];
  }
  return [attribute(LIST_ELEMENT | NESTED, [value(ELEMENT_KEY, key), ...(keyEnd ? [value(ELEMENT_KEY_END, keyEnd)] : []), ...(data ? [value(ELEMENT_DATA, data)] : [])])];
}

/** An address alone: concatenations with one here begin with an interface's name. */
function isPlain(key: Buffer): boolean {
  return key.length === 4 || key.length === 16;
}

function successor(bytes: Buffer): Buffer {
  const next = Buffer.from(bytes);
  for (let index = next.length - 1; index >= 0; index -= 1) {
    next[index] = ((next[index] ?? 0) + 1) & 255;
    if (next[index] !== 0) break;
  }
  return next;
}
