import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';

/**
 * Facts that cost something to learn, each with the key it holds for: a fact with another key is forgotten. Losing the file only
 * costs time, so one that cannot be read counts as empty.
 */
export class FactCache {
  readonly #file: string;
  #facts: Map<string, { key: string; value: unknown }> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** The fact if it was learned for the same `key`. The value is as it was stored: a caller that does not trust the file checks it. */
  async find(name: string, key: string): Promise<unknown> {
    const fact = (await this.#load()).get(name);
    return fact?.key === key ? fact.value : undefined;
  }

  async store(name: string, key: string, value: unknown): Promise<void> {
    const facts = await this.#load();
    facts.set(name, { key, value });
    await writeFileAtomic(this.#file, `${JSON.stringify(Object.fromEntries(facts), null, 2)}\n`, { mode: 0o600 });
  }

  async #load(): Promise<Map<string, { key: string; value: unknown }>> {
    if (this.#facts !== undefined) return this.#facts;
    const facts = new Map<string, { key: string; value: unknown }>();
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      for (const [name, fact] of Object.entries(parsed as Record<string, unknown>)) {
        if (typeof fact === 'object' && fact !== null && 'key' in fact && typeof fact.key === 'string' && 'value' in fact) facts.set(name, { key: fact.key, value: fact.value });
      }
    } catch {
      // Absent or damaged: see the class comment.
    }
    this.#facts = facts;
    return facts;
  }
}
