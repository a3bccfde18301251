import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sweepStale } from './fixtures/scratch.ts';
import { GROUPS } from './runner/groups.ts';
import { filesOf, runGroup } from './runner/run-group.ts';
import { lastLine, type FileResult } from './runner/tally.ts';

/**
 * Every suite that this machine can run: `test/run.ts [--group NAME]… [FILE PART]…`. What cannot run here says why and counts as skipped.
 * Exit status 1 when anything failed; the last line is `N passed, N failed, N skipped`.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options: { group: { type: 'string', multiple: true } } });
const wanted = values.group ?? [];
const unknown = wanted.find((name) => !GROUPS.some((group) => group.name === name));
if (unknown !== undefined) {
  process.stderr.write(`no such group: ${unknown} (there are: ${GROUPS.map(({ name }) => name).join(', ')})\n`);
  process.exit(2);
}

const say = (line: string): void => { process.stdout.write(`${line}\n`); };
const sweep = async (): Promise<void> => {
  const swept = await sweepStale();
  if (swept.length > 0) say(`  cleared ${String(swept.length)} leftovers of tests that were killed`);
};

await sweep();
const results: FileResult[] = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const group of GROUPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const files = filesOf(group, ROOT, positionals);
  if (files.length === 0) continue;
  const startedAt = performance.now();
  say(group.name);
  const tally = await runGroup(group, { root: ROOT, files, say });
  results.push(...tally.results);
  const counted = tally.totals();
  for (const key of ['passed', 'failed', 'skipped'] as const) totals[key] += counted[key];
  say(`  ${lastLine(counted)} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  await sweep();
}

const skips = new Map<string, number>();
for (const { skipped } of results) for (const { reason } of skipped) skips.set(reason, (skips.get(reason) ?? 0) + 1);
if (skips.size > 0) say(`\nskipped:\n${[...skips].map(([reason, count]) => `  ${String(count)} × ${reason}`).join('\n')}`);

for (const { file, failed } of results) for (const { name, text } of failed) say(`\n✖ ${file}: ${name}\n${text.replace(/^/gm, '    ')}`);

if (results.length === 0) say('no test file matches');
say(`\n${lastLine(totals)}`);
process.exit(totals.failed > 0 || results.length === 0 ? 1 : 0);
