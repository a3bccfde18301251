import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { InternalError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import { type Migration, migrations } from './migrations.ts';

export type SqlValue = SQLInputValue;

/**
 * The engine's one database. All calls are synchronous: they take microseconds, and a `transaction` can therefore not be interleaved
 * with anything else in this process. A statement is prepared once per text, so write parameters as `?`, never into the text.
 *
 * A write that has returned survives the death of the engine. Only `durable` transactions also wait for the disk; the others may be
 * lost, whole and from the end, in a power cut.
 */
export interface Database extends Disposable {
  /** The first row, or undefined. `Row` states the shape that the SQL selects. */
   
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** @returns how many rows changed, and the rowid of the last insert */
  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number };
  /** Runs `work` whole or not at all; what it throws undoes it and is thrown on. Inside another transaction it is part of that one. */
  transaction<T>(work: () => T, options?: { durable?: boolean }): T;
  close(): void;
}

/**
 * Opens the database file (or `:memory:`), making it and bringing its schema up to date.
 * @throws InternalError when the file is no database, is damaged, or was written by a later version
 */
export function openDatabase(path: string, log: Logger, changes: readonly Migration[] = migrations): Database {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 });
    sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192');
    migrate(sqlite, changes, log);
    return new SqliteDatabase(sqlite);
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof InternalError) throw cause;
    throw new InternalError(`cannot open the database ${path}: ${cause instanceof Error ? cause.message : String(cause)}; move the file away to start with an empty one`, { cause });
  }
}

function migrate(sqlite: DatabaseSync, changes: readonly Migration[], log: Logger): void {
  const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > changes.length) throw new InternalError(`the database ${sqlite.location() ?? ''} was written by a later version (schema ${version}, this one knows ${changes.length}): update this engine`);
  for (const [index, change] of changes.entries()) {
    if (index < version) continue;
    sqlite.exec(`BEGIN IMMEDIATE; ${change.sql}; PRAGMA user_version = ${index + 1}; COMMIT`);
    log.info('database schema changed', { change: change.name, version: index + 1 });
  }
}

class SqliteDatabase implements Database {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
  }

   
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#statement(sql).run(...values);
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  transaction<T>(work: () => T, options: { durable?: boolean } = {}): T {
    if (this.#depth > 0) return this.#nested(work);
    if (options.durable === true) this.#sqlite.exec('PRAGMA synchronous = FULL');
    this.#sqlite.exec('BEGIN IMMEDIATE');
    this.#depth += 1;
    try {
      const result = work();
      this.#sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
      throw error;
    } finally {
      this.#depth -= 1;
      if (options.durable === true) this.#sqlite.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #nested<T>(work: () => T): T {
    const name = `level${this.#depth}`;
    this.#sqlite.exec(`SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = work();
      this.#sqlite.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  close(): void {
    if (!this.#sqlite.isOpen) return;
    this.#statements.clear();
    this.#sqlite.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
