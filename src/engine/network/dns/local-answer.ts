import { addressBytes } from '../../linux/namespace-socket.ts';
import { type AnswerRecord, type Query, RCODE, TYPE, writeAnswer, writeName } from './message.ts';
import type { NameTable } from './name-table.ts';

/** dockerd's. */
const TTL_SECONDS = 600;

/**
 * What the names of containers answer to a query; undefined: it is about none of them. A name that is there without what was asked
 * for gets an empty answer, not "no such name".
 * @param limit bytes that the client takes
 */
export function localAnswer(query: Query, id: string, table: NameTable, limit: number): Buffer | undefined {
  const { name } = query;
  if (name === undefined || !query.isInternet) return undefined;
  if (query.type === TYPE.ptr) {
    const address = reversedAddress(name);
    const target = writeName((address === undefined ? undefined : table.reverse(id, address)) ?? '');
    return target && writeAnswer(query, RCODE.ok, [{ type: TYPE.ptr, ttl: TTL_SECONDS, data: target }], limit);
  }
  const addresses = table.resolve(id, name, query.type === TYPE.aaaa ? 6 : 4);
  if (addresses === undefined) return undefined;
  const wanted = query.type === TYPE.a || query.type === TYPE.aaaa ? rotated(addresses) : [];
  return writeAnswer(query, RCODE.ok, wanted.map((address): AnswerRecord => ({ type: query.type, ttl: TTL_SECONDS, data: addressBytes(address) })), limit);
}

/** Beginning anywhere: whoever takes the first of several gets each as often. */
function rotated<T>(values: readonly T[]): readonly T[] {
  if (values.length < 2) return values;
  const first = Math.floor(Math.random() * values.length);
  return [...values.slice(first), ...values.slice(0, first)];
}

/** `9.2.0.192.in-addr.arpa` is 192.0.2.9; of IPv6 every digit is a label. */
export function reversedAddress(name: string): string | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (four) return four.slice(1, 5).reverse().map(Number).join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six === undefined) return undefined;
  const digits = six.replaceAll('.', '').split('').reverse().join('');
  const groups = digits.match(/.{4}/g) ?? [];
  // As addresses are written: the URL parser shortens.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
