import { messageOf } from '../../api/errors.ts';

/**
 * The exit code that stands for a failed start, as shells and docker have it: 127 when the command is not there, 126 when it cannot be
 * run, 128 for the rest. The kernel's words are all that the runtimes hand on (see runtime-error.ts, which spells them alike).
 */
export function startFailureCode(error: unknown): number {
  const text = messageOf(error);
  if (/executable file not found|no such file or directory/.test(text)) return 127;
  if (/permission denied|is a directory|exec format error/.test(text)) return 126;
  return 128;
}
