import { spawn } from 'node:child_process';
import type { Logger } from './log.ts';

export interface ExecOptions {
  /** Written to the command's standard input, which is then closed. */
  input?: string | Uint8Array;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** The command is killed with SIGKILL on abort. */
  signal?: AbortSignal;
  timeoutMs?: number;
  log?: Logger;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
}

/** A command that could not run, was killed, or ended with another status than 0. `message` names the command and carries its stderr. */
export class ExecError extends Error {
  override readonly name = 'ExecError';
  readonly exitCode: number | null;
  readonly stderr: string;
  constructor(message: string, details: { exitCode: number | null; stderr: string; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.exitCode = details.exitCode;
    this.stderr = details.stderr;
  }
}

/**
 * Runs a command to its end and returns its output (UTF-8, 16 MiB at most of each stream). No shell.
 * @throws ExecError
 */
export async function exec(file: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const startedAt = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
  const child = spawn(file, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const fail = (why: string, exitCode: number | null, cause?: unknown): void => {
    const detail = stderr().trim();
    reject(new ExecError(`${file}: ${detail === '' ? why : detail}`, { exitCode, stderr: stderr(), cause }));
  };
  child.on('error', (error) => { fail(error.message, null, error); });
  child.on('close', (code, killedBy) => {
    options.log?.debug('command ended', { file, args: args.join(' '), code: code ?? killedBy, ms: Math.round(performance.now() - startedAt) });
    if (code === 0) resolve({ stdout: stdout(), stderr: stderr() });
    else fail(killedBy === null ? `exit status ${String(code)}` : `killed by ${killedBy}`, code);
  });
  // A command that ends without reading its input is judged by its exit status, not by the broken pipe.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  return promise;
}

const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
