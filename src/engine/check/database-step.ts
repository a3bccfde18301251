import type { Database } from '../store/database.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

const REMEDY = 'stop the engine and put a copy of engine.db in its place, or move the data root away and pull the images again';

/** The database's own pages and indexes, and references between its tables. Source: sqlite.org/pragma.html, "integrity_check", "foreign_key_check". */
export class DatabaseStep implements CheckStep {
  readonly name = 'database';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async *run({ progress }: StepContext): AsyncIterable<Finding> {
    progress(0, 2);
    for (const { integrity_check: text } of this.#database.all<{ integrity_check: string }>('PRAGMA integrity_check(20)')) {
      if (text !== 'ok') yield { kind: 'damaged', subject: 'engine.db', text: `the database is damaged: ${text}`, remedy: REMEDY };
    }
    progress(1, 2);
    for (const { table, parent } of this.#database.all<{ table: string; parent: string }>('PRAGMA foreign_key_check')) {
      yield { kind: 'damaged', subject: 'engine.db', text: `a row of ${table} refers to a row of ${parent} that is not there`, remedy: REMEDY };
    }
    progress(2, 2);
  }
}
