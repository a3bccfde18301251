import { globSync } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';
import type { Group } from './groups.ts';
import { Tally, type FileResult, type TestEvent } from './tally.ts';

/** Files of a group that exist and contain `filter`, sorted. */
export function filesOf(group: Group, root: string, filters: readonly string[]): string[] {
  const found = new Set(group.files.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (name) => name === 'node_modules' })));
  return [...found].filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter))).toSorted();
}

/**
 * Runs the files of a group, each in a process of its own, and says one line per file when it has ended.
 * Faults that no test reports (a time-out, a file that holds no test) become failures of their file.
 */
export async function runGroup(group: Group, options: { root: string; files: readonly string[]; say: (line: string) => void }): Promise<Tally> {
  const tally = new Tally();
  const nameOf = (file: string | undefined): string => relative(options.root, file ?? options.root) || group.name;
  const ended = new Set<string>();
  const finish = (file: string, durationMs?: number): void => {
    if (ended.has(file) || !options.files.includes(file)) return;
    ended.add(file);
    const result = tally.file(file);
    if (durationMs !== undefined) result.durationMs = durationMs;
    if (result.passed + result.failed.length + result.skipped.length === 0) tally.fault(file, file, 'this file runs no test. Remedy: give it one, or remove it');
    options.say(lineOf(result));
    for (const { name } of result.failed) options.say(`      ✖ ${name}`);
  };
  const deadline = AbortSignal.timeout(group.timeoutMs);
  const stream = run({ cwd: options.root, files: options.files.map((file) => `${options.root}/${file}`), concurrency: group.concurrency, signal: deadline, timeout: group.timeoutMs });
  stream.on('test:pass', (event) => { tally.passed(named(event, nameOf(entryOf(event)))); });
  stream.on('test:fail', (event) => {
    const file = options.files.includes(event.name) ? event.name : nameOf(entryOf(event));
    tally.failed(named(event, file));
  });
  stream.on('test:summary', ({ file, duration_ms: durationMs }) => { if (file !== undefined) finish(nameOf(file), durationMs); });
  await new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.resume();
  });
  if (deadline.aborted) {
    for (const file of options.files.filter((one) => !ended.has(one))) tally.fault(file, file, `not finished when the ${String(group.timeoutMs / 60_000)} minutes of group ${group.name} had passed`);
  }
  for (const file of options.files) finish(file);
  return tally;
}

/** The file that was run: a test of a contract suite is written in the suite's file and counts for the one that runs it. */
function entryOf(event: { file?: string | undefined; entryFile?: string | undefined }): string | undefined {
  return event.entryFile ?? event.file;
}

function named(event: { name: string; nesting: number; skip?: boolean | string | undefined; todo?: boolean | string | undefined; details: object }, file: string): TestEvent {
  return {
    name: event.name, nesting: event.nesting, file, details: event.details,
    ...(event.skip === undefined ? {} : { skip: event.skip }), ...(event.todo === undefined ? {} : { todo: event.todo }),
  };
}

function lineOf(result: FileResult): string {
  const time = result.durationMs === undefined ? 'ended early' : `${(result.durationMs / 1000).toFixed(1)} s`;
  const counts = [`${String(result.passed)} passed`, ...(result.failed.length > 0 ? [`${String(result.failed.length)} FAILED`] : []), ...(result.skipped.length > 0 ? [`${String(result.skipped.length)} skipped`] : [])];
  return `  ${result.failed.length > 0 ? '✖' : '✔'} ${result.file}  ${counts.join(', ')}  (${time})`;
}
