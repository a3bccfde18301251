/** What is known of one test file while it runs and after. */
export interface FileResult {
  file: string;
  passed: number;
  failed: Failure[];
  skipped: Skip[];
  /** Set when the file has ended. */
  durationMs?: number;
}

export interface Failure {
  /** Path of names, outermost first. */
  name: string;
  text: string;
}

export interface Skip {
  name: string;
  reason: string;
}

/** The part of node:test's events that counting needs. Source: Node documentation, test runner, `TestsStream`. */
export interface TestEvent {
  name: string;
  nesting: number;
  file?: string;
  skip?: boolean | string;
  todo?: boolean | string;
  details: { type?: string; error?: unknown; duration_ms?: number };
}

/** Counts tests per file. Suites count only where they themselves fail or are skipped as a whole: then nobody inside speaks for them. */
export class Tally {
  readonly #files = new Map<string, FileResult>();

  file(file: string): FileResult {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const fresh: FileResult = { file, passed: 0, failed: [], skipped: [] };
    this.#files.set(file, fresh);
    return fresh;
  }

  passed(event: TestEvent): void {
    const result = this.file(event.file ?? '');
    if (event.skip !== undefined && event.skip !== false) result.skipped.push({ name: event.name, reason: reasonOf(event.skip) });
    else if (event.todo !== undefined && event.todo !== false) result.skipped.push({ name: event.name, reason: `todo: ${reasonOf(event.todo)}` });
    else if (event.details.type !== 'suite') result.passed += 1;
  }

  failed(event: TestEvent): void {
    const result = this.file(event.file ?? '');
    // A suite fails with its tests; it counts by itself only when its own hooks fail. A file fails with its tests too.
    if (isEchoOfChildren(event.details.error)) return;
    result.failed.push({ name: event.name, text: describe(event.details.error) });
  }

  /** A fault that no test reports: a time-out of the group, a file without tests. */
  fault(file: string, name: string, text: string): void {
    this.file(file).failed.push({ name, text });
  }

  get results(): FileResult[] {
    return [...this.#files.values()];
  }

  totals(): { passed: number; failed: number; skipped: number } {
    return this.results.reduce(
      (sum, { passed, failed, skipped }) => ({ passed: sum.passed + passed, failed: sum.failed + failed.length, skipped: sum.skipped + skipped.length }),
      { passed: 0, failed: 0, skipped: 0 },
    );
  }
}

/** The last line of `npm test`. */
export function lastLine(totals: { passed: number; failed: number; skipped: number }): string {
  return `${String(totals.passed)} passed, ${String(totals.failed)} failed, ${String(totals.skipped)} skipped`;
}

function reasonOf(skip: boolean | string): string {
  return typeof skip === 'string' && skip !== '' ? skip.replace(/^skipped: /, '') : 'no reason given';
}

function isEchoOfChildren(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'failureType' in error && error.failureType === 'subtestsFailed';
}

/** The whole story of an error: its text, its stack, its causes. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const wrapped = 'failureType' in error && error.cause !== undefined;
  const inner = wrapped ? error.cause : error;
  if (!(inner instanceof Error)) return typeof inner === 'string' ? inner : JSON.stringify(inner);
  const stack = inner.stack ?? '';
  const text = stack.includes(inner.message) ? stack : `${inner.message}\n${stack}`;
  const lines = text.split('\n').filter((line) => !/^\s+at .*node:internal/.test(line));
  return inner.cause === undefined ? lines.join('\n') : `${lines.join('\n')}\nbecause: ${describe(inner.cause)}`;
}
