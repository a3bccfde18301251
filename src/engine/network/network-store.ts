import type { DatabaseSync } from 'node:sqlite';
import type { NetworkRecord } from './network-record.ts';

/** Networks in the database: one row each, the record as JSON. */
export class NetworkStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): NetworkRecord[] {
    return this.#database.prepare('SELECT record FROM networks ORDER BY rowid').all().map((row) => JSON.parse(String(row['record'])) as NetworkRecord);
  }

  put(network: NetworkRecord): void {
    this.#database.prepare('INSERT INTO networks (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record')
      .run(network.id, network.name, JSON.stringify(network));
  }

  delete(id: string): void {
    this.#database.prepare('DELETE FROM networks WHERE id = ?').run(id);
  }
}
