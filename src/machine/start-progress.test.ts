import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { StartPhase } from '../api/machine.ts';
import { deadlineMs, parseDeadlineOverrides } from './deadlines.ts';
import { StartProgress } from './start-progress.ts';

function progress(phases: StartPhase[], limitMs = 10_000): { start: StartProgress; late: string[]; at: (ms: number) => void } {
  const late: string[] = [];
  let clock = 1000;
  const start = new StartProgress({ phases, deadlineMs: () => limitMs, onChange: () => undefined, onLate: (phase, error) => { late.push(`${phase}: ${error.message}`); }, now: () => clock });
  return { start, late, at: (ms) => { clock = 1000 + ms; } };
}

test('timings are milliseconds since the start was asked for', (t) => {
  const { start, at } = progress(['probe', 'disk']);
  t.after(() => { start.dispose(); });
  at(5);
  start.end('probe');
  assert.deepEqual(start.timings(), [{ phase: 'probe', startedMs: 0, endedMs: 5 }, { phase: 'disk', startedMs: 5 }]);
  assert.equal(start.current, 'disk');
  at(9);
  start.end('disk');
  start.end('disk');
  assert.equal(start.timings().at(-1)?.endedMs, 9);
});

test('phases may overlap, repeat, come early or not belong', async (t) => {
  const { start, at } = progress(['kernel', 'ssh', 'engine']);
  t.after(() => { start.dispose(); });
  start.end('kernel');
  at(2);
  start.begin('engine');
  start.begin('network');
  at(3);
  start.end('engine');
  assert.equal(start.current, 'ssh');
  await start.reached('engine');
  start.end('ssh');
  assert.deepEqual(start.timings().map((timing) => [timing.phase, timing.startedMs, timing.endedMs]), [['kernel', 0, 0], ['ssh', 0, 3], ['engine', 2, 3]]);
});

test('a phase that does not end is told once, by name', async () => {
  const { start, late } = progress(['kernel', 'ssh'], 20);
  start.end('kernel');
  await sleep(60);
  assert.deepEqual(late, ['ssh: the ssh connection did not finish within 20 ms']);
  start.dispose();
});

test('emulation has longer deadlines; overrides are exact', () => {
  assert.equal(deadlineMs('kernel', 'tcg'), 8 * deadlineMs('kernel', 'kvm'));
  assert.equal(deadlineMs('kernel', 'tcg', parseDeadlineOverrides('kernel=1500,ssh=2')), 1500);
  assert.throws(() => parseDeadlineOverrides('kernel=soon'), /invalid STRATA_PHASE_DEADLINES/);
  assert.throws(() => parseDeadlineOverrides('nothing=1'), /invalid STRATA_PHASE_DEADLINES/);
});
