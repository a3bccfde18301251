import { ConflictError, InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import type { Database } from '../store/database.ts';

export interface SnapshotRecord {
  id: number;
  key: string;
  kind: 'active' | 'view' | 'committed';
  /** Key of the parent. */
  parent: string | null;
  bytes: number | null;
  inodes: number | null;
}

const SELECT = 'SELECT s.id, s.key, s.kind, p.key AS parent, s.bytes, s.inodes FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent';

/** The rules of snapshots (kinds, parents, keys), kept in the database; both snapshotters stand on it and add only files. */
export class SnapshotRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(key: string): SnapshotRecord | undefined {
    return this.#database.get<SnapshotRecord>(`${SELECT} WHERE s.key = ?`, key);
  }

  /** @throws NotFoundError */
  get(key: string): SnapshotRecord {
    const found = this.find(key);
    if (!found) throw new NotFoundError(`no such snapshot: ${key}`);
    return found;
  }

  list(): SnapshotRecord[] {
    return this.#database.all<SnapshotRecord>(`${SELECT} ORDER BY s.id`);
  }

  ids(): Set<number> {
    return new Set(this.#database.all<{ id: number }>('SELECT id FROM snapshots').map(({ id }) => id));
  }

  /** Ids from `key`'s parent down to the lowest, nearest first. */
  ancestors(key: string): number[] {
    return this.#database.all<{ id: number }>(`
      WITH RECURSIVE chain (id, depth) AS (
        SELECT parent, 1 FROM snapshots WHERE key = ?
        UNION ALL SELECT s.parent, chain.depth + 1 FROM chain JOIN snapshots s ON s.id = chain.id WHERE s.parent IS NOT NULL
      ) SELECT id FROM chain WHERE id IS NOT NULL ORDER BY depth`, key).map(({ id }) => id);
  }

  /**
   * Adds an active snapshot or a view. `make` lays its files down; if it throws, the record is not there either.
   * @throws ConflictError when the key is taken, NotFoundError for an unknown parent, InvalidArgumentError for a bad key or an uncommitted parent
   */
  add(kind: 'active' | 'view', key: string, parent: string | undefined, make: (id: number) => void): void {
    checkKey(key);
    this.#database.transaction(() => {
      if (this.find(key)) throw new ConflictError(`snapshot ${key} exists already`);
      const { lastId } = this.#database.run('INSERT INTO snapshots (key, kind, parent, created_at) VALUES (?, ?, ?, ?)', key, kind, parent === undefined ? null : this.#committed(parent).id, Date.now());
      make(lastId);
    });
  }

  /** @throws NotFoundError, ConflictError, InvalidArgumentError */
  commit(name: string, key: string, rebase: { parent: string } | undefined): void {
    checkKey(name);
    this.#database.transaction(() => {
      const record = this.get(key);
      if (record.kind !== 'active') throw new InvalidArgumentError(`snapshot ${key} is ${record.kind}: only an active one can be committed`);
      if (name !== key && this.find(name)) throw new ConflictError(`snapshot ${name} exists already`);
      if (rebase && record.parent !== null) throw new InvalidArgumentError(`snapshot ${key} has a parent already`);
      if (rebase) this.#database.run('UPDATE snapshots SET parent = ? WHERE id = ?', this.#committed(rebase.parent).id, record.id);
      this.#database.run(`UPDATE snapshots SET key = ?, kind = 'committed' WHERE id = ?`, name, record.id);
    });
  }

  /** Takes the record of `by` out; its files are the caller's to hand over, in this turn. @throws NotFoundError, ConflictError, InvalidArgumentError */
  replace(key: string, by: string): { id: number; by: number } {
    return this.#database.transaction(() => {
      const { id } = this.#committed(key);
      if (this.get(by).kind !== 'active') throw new InvalidArgumentError(`snapshot ${by} is ${this.get(by).kind}: only an active one can take another's place`);
      this.#database.run('UPDATE snapshots SET bytes = NULL, inodes = NULL WHERE id = ?', id);
      return { id, by: this.remove(by) };
    });
  }

  /** @throws NotFoundError, InvalidArgumentError */
  disown(key: string): string {
    return this.#database.transaction(() => {
      const { id } = this.#committed(key);
      this.#database.run('UPDATE snapshots SET key = ? WHERE id = ?', `lost-${id}`, id);
      return `lost-${id}`;
    });
  }

  setUsage(id: number, usage: { bytes: number; inodes: number }): void {
    this.#database.run('UPDATE snapshots SET bytes = ?, inodes = ? WHERE id = ?', usage.bytes, usage.inodes, id);
  }

  /** Takes the record out; its files are the caller's to delete. @throws NotFoundError, ConflictError while it has children */
  remove(key: string): number {
    return this.#database.transaction(() => {
      const { id } = this.get(key);
      const child = this.#database.get<{ key: string }>('SELECT key FROM snapshots WHERE parent = ? LIMIT 1', id);
      if (child) throw new ConflictError(`snapshot ${key} is the parent of ${child.key}: remove that first`);
      this.#database.run('DELETE FROM snapshots WHERE id = ?', id);
      return id;
    });
  }

  #committed(key: string): SnapshotRecord {
    const record = this.get(key);
    if (record.kind !== 'committed') throw new InvalidArgumentError(`snapshot ${key} is ${record.kind}: only a committed one can be a parent`);
    return record;
  }
}

function checkKey(key: string): void {
  if (!/^[A-Za-z0-9:._-]{1,255}$/.test(key)) throw new InvalidArgumentError(`invalid snapshot key ${JSON.stringify(key)}: must be 1 to 255 of A-Z a-z 0-9 : . _ -`);
}
