import { messageOf, StrataError } from '../../src/api/errors.ts';

/** Remedies that the interface knows; texts are `remedy.*` of the messages. */
export type RemedyKey = 'startMachine' | 'reload' | 'stopFirst' | 'removeContainersFirst' | 'gone' | 'retry';

/** An error as people see it: what happened, what to do, and everything there is to copy. */
export interface Failure {
  message: string;
  remedy: RemedyKey | undefined;
  /** For a bug report: class, status and causes. */
  detail: string;
}

/** @param remedy overrides what the error's class suggests */
export function toFailure(error: unknown, remedy?: RemedyKey): Failure {
  return { message: messageOf(error), remedy: remedy ?? suggested(error), detail: describe(error) };
}

function suggested(error: unknown): RemedyKey | undefined {
  if (!(error instanceof StrataError)) return 'retry';
  // The server of the page itself is gone: its text says what to do, and the machine has nothing to do with it.
  if (error.cause instanceof TypeError) return undefined;
  if (error.status === 503) return 'startMachine';
  if (error.status === 401 || error.status === 403) return 'reload';
  return error.status === 404 ? 'gone' : undefined;
}

function describe(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error; at !== undefined && lines.length < 8; at = at instanceof Error ? at.cause : undefined) {
    const status = at instanceof StrataError ? ` (${String(at.status)})` : '';
    lines.push(at instanceof Error ? `${at.name}${status}: ${at.message}` : messageOf(at));
  }
  return lines.join('\ncaused by ');
}
