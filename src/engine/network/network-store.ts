import type { Database } from '../store/database.ts';
import { formatIp, formatNetwork, parseCidr } from './cidr.ts';
import type { NetworkRecord } from './network-record.ts';

/** Networks in the database: one row each, the record as JSON. */
export class NetworkStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): NetworkRecord[] {
    return this.#database.all<{ record: string }>('SELECT record FROM networks ORDER BY position').map((row) => upgrade(JSON.parse(row.record) as NetworkRecord | EarlyRecord));
  }

  put(network: NetworkRecord): void {
    this.#database.run(
      'INSERT INTO networks (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record',
      network.id, network.name, JSON.stringify(network),
    );
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM networks WHERE id = ?', id);
  }
}

/** Records of before networks had more than one subnet. */
interface EarlyRecord extends Omit<NetworkRecord, 'pools' | 'bridge' | 'enableIpv4' | 'enableIpv6' | 'ipamOptions'> {
  pools?: undefined;
  bridge?: { interfaceName: string; mtu: number; address: string; range?: string };
}

function upgrade(record: NetworkRecord | EarlyRecord): NetworkRecord {
  if (record.pools !== undefined) return record;
  const { bridge, ...rest } = record;
  const whole = { ...rest, enableIpv4: true, enableIpv6: false, ipamOptions: null };
  if (!bridge) return { ...whole, pools: [] };
  const { interfaceName, mtu, address, range } = bridge;
  const cidr = parseCidr(address);
  return {
    ...whole, bridge: { interfaceName, mtu },
    pools: [{ subnet: formatNetwork(cidr), gateway: formatIp({ family: 4, value: cidr.address }), ...(range === undefined ? {} : { range }) }],
  };
}
