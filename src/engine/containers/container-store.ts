import type { Database } from '../store/database.ts';
import type { ContainerRecord } from './container-record.ts';

/** Containers in the database: one row each, the record as JSON. */
export class ContainerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): ContainerRecord[] {
    return this.#database.all<{ record: string }>('SELECT record FROM containers ORDER BY position').map((row) => JSON.parse(row.record) as ContainerRecord);
  }

  put(container: ContainerRecord): void {
    this.#database.run(
      'INSERT INTO containers (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record',
      container.id, container.name, JSON.stringify(container),
    );
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM containers WHERE id = ?', id);
  }
}
