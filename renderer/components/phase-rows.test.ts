import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineStatus } from '../../src/api/machine.ts';
import { phaseRows } from './phase-rows.ts';

const base: MachineStatus = { name: 'default', state: 'starting', driver: 'qemu', warnings: [], phases: [], cpus: 1, memoryMiB: 1, diskGiB: 1 };

test('a step that runs grows with the clock, later ones wait', () => {
  const { rows } = phaseRows({ ...base, phases: [{ phase: 'probe', startedMs: 0, endedMs: 100 }, { phase: 'disk', startedMs: 100 }] }, 300);
  assert.deepEqual(rows.slice(0, 3).map(({ phase, state, tookMs }) => [phase, state, tookMs]), [['probe', 'done', 100], ['disk', 'running', 300], ['boot', 'waiting', undefined]]);
  assert.equal(rows.length, 10);
});

test('once it runs, only what has happened is shown', () => {
  const { rows, totalMs } = phaseRows({ ...base, state: 'running', phases: [{ phase: 'engine', startedMs: 0, endedMs: 400 }, { phase: 'forward', startedMs: 400, endedMs: 500 }] }, 9000);
  assert.deepEqual(rows.map(({ phase, offset, length }) => [phase, offset, length]), [['engine', 0, 0.8], ['forward', 0.8, 0.2]]);
  assert.equal(totalMs, 500);
});

test('the step that failed is marked', () => {
  const failed: MachineStatus = { ...base, state: 'error', phases: [{ phase: 'probe', startedMs: 0, endedMs: 100 }, { phase: 'disk', startedMs: 100 }], failure: { phase: 'disk', message: 'no room', consoleTail: [] } };
  assert.deepEqual(phaseRows(failed, 0).rows.map(({ state }) => state), ['done', 'failed']);
});
