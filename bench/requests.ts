import { Agent, request } from 'node:http';

/** Requests for one path, one after the other, on a kept connection to an engine's socket. */
export class Requests implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socketPath: string;
  readonly #path: string;
  readonly #method: 'GET' | 'POST';

  constructor(socketPath: string, path: string, method: 'GET' | 'POST' = 'GET') {
    this.#socketPath = socketPath;
    this.#path = path;
    this.#method = method;
  }

  async send(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    request({ socketPath: this.#socketPath, path: this.#path, method: this.#method, agent: this.#agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${this.#path}: status ${String(response.statusCode)}`));
      response.resume().on('end', () => { resolve(undefined); });
    }).on('error', reject).end();
    await promise;
  }

  /** How many of `count` are answered in a second. */
  async perSecond(count: number): Promise<number> {
    const startedAt = performance.now();
    for (let i = 0; i < count; i++) await this.send();
    return count / ((performance.now() - startedAt) / 1000);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
