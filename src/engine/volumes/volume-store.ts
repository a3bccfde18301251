import type { DatabaseSync } from 'node:sqlite';
import type { VolumeRecord } from './volume-record.ts';

/** Volumes in the database: one row each, the record as JSON. */
export class VolumeStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): VolumeRecord[] {
    return this.#database.prepare('SELECT record FROM volumes ORDER BY rowid').all().map((row) => JSON.parse(String(row['record'])) as VolumeRecord);
  }

  put(volume: VolumeRecord): void {
    this.#database.prepare('INSERT INTO volumes (name, record) VALUES (?, ?)').run(volume.name, JSON.stringify(volume));
  }

  delete(name: string): void {
    this.#database.prepare('DELETE FROM volumes WHERE name = ?').run(name);
  }
}
