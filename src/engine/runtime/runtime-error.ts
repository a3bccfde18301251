import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from '../../api/errors.ts';

/**
 * The runtime's failure as clients expect it. Both runtimes log JSON lines (`--log-format json`); the last error is the cause.
 * Clients tell "not found" (exit code 127) from "cannot be run" (126) by the kernel's lower-case wording, which crun capitalises.
 */
export function runtimeError(details: { action: 'create' | 'exec'; runtime: string; logPath: string; stderr: string; exitCode: number }): InvalidArgumentError {
  const text = lastLoggedError(details.logPath) ?? details.stderr.trim();
  const cause = plainWords(text === '' ? `exit status ${String(details.exitCode)}` : text);
  const what = details.action === 'create' ? 'OCI runtime create failed' : 'OCI runtime exec failed';
  return new InvalidArgumentError(`failed to ${details.action === 'create' ? 'create task for container' : 'start exec process'}: ${what}: ${details.runtime}: ${cause}`);
}

/** crun's words in runc's spelling. */
export function plainWords(text: string): string {
  return text
    .replace(/executable file [`'"]?([^`'"]+)['"`]? not found in \$PATH.*/i, 'exec: "$1": executable file not found in $PATH')
    .replace(/No such file or directory/g, 'no such file or directory')
    .replace(/Permission denied/g, 'permission denied')
    .replace(/Is a directory/g, 'is a directory');
}

function lastLoggedError(path: string): string | undefined {
  let raw;
  try {
    raw = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of raw.split('\n').reverse()) {
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry === 'object' && entry !== null && 'level' in entry && entry.level === 'error' && 'msg' in entry) return String(entry.msg);
    } catch {
      // Not a log line.
    }
  }
  return undefined;
}
