import type { Database } from '../store/database.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Volumes in the database: one row each, the record as JSON. */
export class VolumeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): VolumeRecord[] {
    return this.#database.all<{ record: string }>('SELECT record FROM volumes ORDER BY position').map((row) => JSON.parse(row.record) as VolumeRecord);
  }

  put(volume: VolumeRecord): void {
    this.#database.run('INSERT INTO volumes (name, record) VALUES (?, ?)', volume.name, JSON.stringify(volume));
  }

  delete(name: string): void {
    this.#database.run('DELETE FROM volumes WHERE name = ?', name);
  }
}
