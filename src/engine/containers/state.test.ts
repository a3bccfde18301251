import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../../api/errors.ts';
import { describeState, duration, initialState, isRunning, transition } from './state.ts';

test('a life', () => {
  const running = transition(initialState, { type: 'started', pid: 7, at: 1000 });
  assert.deepEqual([running.phase, running.pid, isRunning(running)], ['running', 7, true]);
  const paused = transition(running, { type: 'paused' });
  assert.equal(isRunning(paused), true);
  const exited = transition(transition(paused, { type: 'resumed' }), { type: 'exited', exitCode: 3, at: 5000, oomKilled: true });
  assert.deepEqual([exited.phase, exited.pid, exited.exitCode, exited.oomKilled, exited.finishedAt], ['exited', 0, 3, true, 5000]);
  const again = transition(transition(exited, { type: 'restarting' }), { type: 'started', pid: 8, at: 6000 });
  assert.deepEqual([again.exitCode, again.oomKilled, again.finishedAt], [0, false, 5000]);
});

test('a failed start leaves a new container new', () => {
  const failed = transition(initialState, { type: 'start-failed', exitCode: 127, error: 'x' });
  assert.deepEqual([failed.phase, failed.exitCode, failed.error], ['created', 127, 'x']);
  assert.equal(transition({ ...initialState, phase: 'exited' }, { type: 'start-failed', exitCode: 1, error: '' }).phase, 'exited');
});

test('what the phase does not allow', () => {
  for (const change of [{ type: 'paused' }, { type: 'resumed' }, { type: 'exited', exitCode: 0, at: 0, oomKilled: false }, { type: 'given-up' }] as const) {
    assert.throws(() => transition(initialState, change), ConflictError);
  }
});

test('words', () => {
  assert.equal(describeState(initialState, 0), 'Created');
  assert.equal(describeState({ ...initialState, phase: 'running', startedAt: 0 }, 180_000), 'Up 3 minutes');
  assert.equal(describeState({ ...initialState, phase: 'exited', exitCode: 137, finishedAt: 0 }, 7_200_000), 'Exited (137) 2 hours ago');
  assert.deepEqual([0, 1000, 59_000, 60_000, 3_600_000, 86_400_000 * 3, 86_400_000 * 20, 86_400_000 * 100, 86_400_000 * 1000].map(duration),
    ['Less than a second', '1 second', '59 seconds', 'About a minute', 'About an hour', '3 days', '2 weeks', '3 months', '2 years']);
});
