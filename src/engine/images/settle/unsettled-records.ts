import type { Digest } from '../../content/digest.ts';
import type { Database } from '../../store/database.ts';
import type { LayerRecord } from '../image-records.ts';

/** Something that was recorded before its files were known to be on the disk. */
export interface Unsettled {
  position: number;
  image: Digest;
  /** The image itself, or one of its manifests. */
  object: Digest;
  /** In which life of the machine it was recorded. */
  boot: string;
}

/** The marks of what is not settled. The database makes them by itself whenever an image or a manifest is recorded. */
export class UnsettledRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What is recorded from now on is of this life. @returns the life of an engine that was not closed */
  begin(boot: string): string | undefined {
    const before = this.#database.get<{ value: string }>(`SELECT value FROM engine WHERE key = 'running'`)?.value;
    this.#database.run(`INSERT INTO engine (key, value) VALUES ('running', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, boot);
    return before;
  }

  /** The engine is being closed. */
  end(): void {
    this.#database.run(`DELETE FROM engine WHERE key = 'running'`);
  }

  list(): Unsettled[] {
    return this.#database.all('SELECT position, image, object, boot FROM unsettled ORDER BY position');
  }

  /** All that had been marked before and at this mark is on the disk. */
  settleUpTo(position: number): void {
    this.#database.run('DELETE FROM unsettled WHERE position <= ?', position);
  }

  /** Whether an image that is settled has this layer, or the layer is kept unpacked only, which nothing is before it is settled. */
  isSettledLayer(chainId: Digest): boolean {
    return this.#database.get(`SELECT 1 FROM image_layers WHERE chain_id = ? AND image NOT IN (SELECT object FROM unsettled)
      UNION ALL SELECT 1 FROM layer_splits WHERE chain_id = ? LIMIT 1`, chainId, chainId) !== undefined;
  }

  /** As `isSettledLayer`, of the blob that a layer came as. */
  isSettledBlob({ blob, chainId }: LayerRecord): boolean {
    return this.#database.get(`SELECT 1 FROM image_layers WHERE blob = ? AND image NOT IN (SELECT object FROM unsettled)
      UNION ALL SELECT 1 FROM layer_splits WHERE chain_id = ? LIMIT 1`, blob, chainId) !== undefined;
  }
}
