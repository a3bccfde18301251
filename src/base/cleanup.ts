type Undo = () => unknown;

/**
 * Undo steps of an operation that may fail half-way. Push the undo right after the do; `disarm()` on success.
 * Used with `await using`: leaving the scope armed runs the steps, last in first out. A failing step never stops the others;
 * `onError` hears of it.
 */
export class Cleanup implements AsyncDisposable {
  readonly #steps: Undo[] = [];
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void = () => undefined) {
    this.#onError = onError;
  }

  push(undo: Undo): void {
    this.#steps.push(undo);
  }

  disarm(): void {
    this.#steps.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
