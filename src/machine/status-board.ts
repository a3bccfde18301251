import type { MachineStatus } from '../api/machine.ts';

/** The machine's present status, and everybody who wants to hear of each change. Announces what has happened; decides nothing. */
export class StatusBoard {
  #status: MachineStatus;
  #answeringSince: number | undefined;
  readonly #listeners = new Set<(status: MachineStatus) => void>();

  constructor(initial: MachineStatus) {
    this.#status = initial;
  }

  /** A copy; `uptimeSeconds` is of this moment. */
  get(): MachineStatus {
    return {
      ...this.#status,
      ...(this.#answeringSince === undefined ? {} : { uptimeSeconds: Math.floor((performance.now() - this.#answeringSince) / 1000) }),
    };
  }

  /** Changes some fields; a field given as undefined is removed. */
  update(changes: { [Field in keyof MachineStatus]?: MachineStatus[Field] | undefined }): void {
    const fields = Object.entries({ ...this.#status, ...changes }).filter(([, value]) => value !== undefined);
    const next = Object.fromEntries(fields) as unknown as MachineStatus;
    if (next.state !== this.#status.state) this.#answeringSince = next.state === 'running' ? performance.now() : undefined;
    this.#status = next;
    for (const listener of this.#listeners) listener(this.get());
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (status: MachineStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }
}
