import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { InternalError } from '../../api/errors.ts';
import type { LogFileOptions, StdioOptions } from './runtime.ts';

export interface ShimLaunch {
  /** Tells the shim to run the runtime. Resolves with the process's pid, or with what went wrong. */
  start(): Promise<{ pid: number } | { exitCode: number; stderr: string }>;
  /** Ends a shim that was not started. */
  abandon(): void;
}

/** Starts a shim and resolves when it listens. It lives in a session of its own and outlives us. */
export async function launchShim(options: {
  shim: string; directory: string; stdio: StdioOptions; logFile?: LogFileOptions; command: readonly string[];
}): Promise<ShimLaunch> {
  const child = spawn(options.shim, [...shimArguments(options), '--', ...options.command], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.unref();
  // A shim that has ended closes its pipe; what matters is read from its standard output.
  child.stdin.on('error', () => undefined);
  const failed = Promise.withResolvers<never>();
  child.on('error', (cause) => { failed.reject(new InternalError(`cannot run ${options.shim}: ${cause.message}`, { cause })); });
  failed.promise.catch(() => undefined);
  const lines = new LineReader(child.stdout);
  const stderr = lastWords(child.stderr);
  const first = await Promise.race([lines.next(), failed.promise]);
  if (first !== 'listening') throw new InternalError(`strata-shim did not start: ${stderr() === '' ? 'no answer' : stderr()}`);
  child.stderr.destroy();
  return {
    async start() {
      child.stdin.write('start\n');
      const answer = await lines.next();
      const [word, value] = (answer ?? '').split(' ');
      const rest = word === 'started' ? '' : await lines.rest();
      child.stdin.destroy();
      child.stdout.destroy();
      if (word === 'started') return { pid: Number(value) };
      return { exitCode: word === 'failed' ? Number(value) : 255, stderr: rest };
    },
    abandon() {
      child.stdin.destroy();
      child.stdout.destroy();
    },
  };
}

function shimArguments(options: { directory: string; stdio: StdioOptions; logFile?: LogFileOptions }): string[] {
  const { stdio, logFile } = options;
  const size = stdio.consoleSize;
  return [
    '--dir', options.directory,
    ...(stdio.tty ? ['--tty', size ? `${String(size.columns)}x${String(size.rows)}` : '0x0'] : []),
    ...(stdio.openStdin ? ['--stdin'] : []),
    ...(stdio.stdinOnce ? ['--stdin-once'] : []),
    ...(logFile ? logArguments(logFile) : []),
  ];
}

function logArguments({ path, maxBytes, maxFiles, compress, json }: LogFileOptions): string[] {
  return [
    '--log', path, '--log-max', String(maxBytes), '--log-files', String(maxFiles), ...(compress === true ? ['--log-compress'] : []),
    ...(json ? ['--log-json', ...(json.attributes === undefined ? [] : ['--log-attributes', json.attributes])] : []),
  ];
}

function lastWords(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => { text = (text + chunk).slice(-4096); });
  return () => text.trim();
}

/** Lines of a stream, one at a time; `undefined` at its end. */
class LineReader {
  readonly #chunks: AsyncIterator<string>;
  #buffer = '';

  constructor(stream: Readable) {
    this.#chunks = stream.setEncoding('utf8').iterator({ destroyOnReturn: false }) as AsyncIterator<string>;
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\n');
      if (end !== -1) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 1);
        return line;
      }
      if (!(await this.#fill())) return undefined;
    }
  }

  async rest(): Promise<string> {
    while (await this.#fill());
    return this.#buffer;
  }

  async #fill(): Promise<boolean> {
    const chunk = await this.#chunks.next().catch(() => ({ done: true as const, value: '' }));
    if (chunk.done === true) return false;
    this.#buffer += chunk.value;
    return true;
  }
}
