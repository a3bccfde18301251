import type { Database } from '../store/database.ts';
import type { NetworkRecord } from './network-record.ts';

/** Networks in the database: one row each, the record as JSON. */
export class NetworkStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): NetworkRecord[] {
    return this.#database.all<{ record: string }>('SELECT record FROM networks ORDER BY position').map((row) => JSON.parse(row.record) as NetworkRecord);
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
