import { writeFile } from 'node:fs/promises';
import { exec } from '../src/base/exec.ts';
import type { NetworkNamespace } from '../test/fixtures/network-namespace.ts';
import { Program } from '../test/fixtures/program.ts';
import { findTool } from '../test/fixtures/requirements.ts';
import { Scratch } from '../test/fixtures/scratch.ts';
import { waitUntil } from '../test/fixtures/wait-until.ts';
import type { Layout } from './layouts.ts';

const AUTHORITY = '127.0.0.1:5000';

/**
 * Debian's docker-registry on the loopback of every engine's network: one process in each, all over the same data, so that all engines pull the
 * same name from the same program. Disposing ends them and deletes the data.
 */
export class BenchRegistry implements AsyncDisposable {
  readonly #scratch: Scratch;
  readonly #cleanup: AsyncDisposableStack;
  readonly #first: NetworkNamespace;
  readonly #pushed = new Set<string>();

  private constructor(scratch: Scratch, first: NetworkNamespace, cleanup: AsyncDisposableStack) {
    this.#scratch = scratch;
    this.#first = first;
    this.#cleanup = cleanup;
  }

  static async start(networks: readonly [NetworkNamespace, ...NetworkNamespace[]]): Promise<BenchRegistry> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('breg'));
    await writeFile(scratch.file('config.json'), JSON.stringify({
      version: 0.1, log: { level: 'error', accesslog: { disabled: true } }, storage: { filesystem: { rootdirectory: scratch.file('data') } }, http: { addr: AUTHORITY },
    }));
    for (const network of networks) {
      const program = cleanup.use(new Program(network.enter([findTool('docker-registry') ?? 'docker-registry', 'serve', scratch.file('config.json')])));
      const answers = (): Promise<boolean> => network.run(['curl', '-sf', `http://${AUTHORITY}/v2/`]).then(() => true, () => false);
      await program.until('start of docker-registry', 20_000, waitUntil('docker-registry to answer', answers, { timeoutMs: 20_000, everyMs: 50 }));
    }
    return new BenchRegistry(scratch, networks[0], cleanup.move());
  }

  /** Puts every image of a layout into a repository of that name. @returns their full names */
  async publish(repository: string, { path, tags }: Layout): Promise<string[]> {
    for (const tag of this.#pushed.has(repository) ? [] : tags) {
      const [file = '', ...args] = this.#first.enter(['skopeo', '--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', `oci:${path}:${tag}`, `docker://${AUTHORITY}/${repository}:${tag}`]);
      await exec(file, args, { timeoutMs: 120_000 });
    }
    this.#pushed.add(repository);
    return tags.map((tag) => `${AUTHORITY}/${repository}:${tag}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup[Symbol.asyncDispose]();
  }
}
