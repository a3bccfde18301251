import { spawn } from 'node:child_process';

/** Says what is being done, on standard error, and how long it took when that was noticeable. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  process.stderr.write(`==> ${title}\n`);
  const result = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  if (seconds > 1) process.stderr.write(`    ${seconds.toFixed(1)} s\n`);
  return result;
}

/** Runs a command whose output people should see. Resolves with its exit code; 128 + 2 style codes for signals are folded into 1. */
export async function visibly(file: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit', ...options });
  // Ctrl-C reaches the child by itself (same terminal); we wait for it to end in its own way.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('exit', (code) => { resolve(code ?? 1); });
  try {
    return await promise;
  } finally {
    process.off('SIGINT', ignore);
  }
}
