import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthSettings, nextCheckMs, nextHealth, startingHealth } from './health.ts';
import { duration } from './probe.ts';

const settings = healthSettings({ Test: ['CMD', 'true'], StartPeriod: 10e9, Retries: 2 }, null);
const result = (exitCode: number) => ({ startedAt: 0, endedAt: 1, exitCode, output: '' });

test('what is asked for', () => {
  assert.deepEqual(settings, { command: ['true'], intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 10_000, startIntervalMs: 5000, retries: 2 });
  assert.deepEqual(healthSettings({ Test: ['CMD-SHELL', 'a b'] }, ['/bin/ash', '-ec'])?.command, ['/bin/ash', '-ec', 'a b']);
  for (const none of [undefined, null, {}, { Test: [] }, { Test: ['NONE'] }, { Test: ['CMD'] }, { Test: ['SOME', 'x'] }]) assert.equal(healthSettings(none, null), undefined);
});

test('the way from one state to the next', () => {
  assert.ok(settings);
  const start = startingHealth(undefined);
  const early = nextHealth(start, result(1), settings, 9999);
  assert.deepEqual([early.status, early.failingStreak, early.results.length], ['starting', 0, 1]);
  const first = nextHealth(early, result(1), settings, 10_000);
  assert.deepEqual([first.status, first.failingStreak], ['starting', 1]);
  const second = nextHealth(first, result(-1), settings, 11_000);
  assert.deepEqual([second.status, second.failingStreak], ['unhealthy', 2]);
  const well = nextHealth(second, result(0), settings, 12_000);
  assert.deepEqual([well.status, well.failingStreak], ['healthy', 0]);
  // Once healthy, the start period is over.
  assert.equal(nextHealth(well, result(1), settings, 5000).failingStreak, 1);
});

test('when the next check is', () => {
  assert.ok(settings);
  assert.equal(nextCheckMs('starting', settings, 0), 5000);
  assert.equal(nextCheckMs('starting', settings, 8000), 2000);
  assert.equal(nextCheckMs('healthy', settings, 0), 30_000);
  assert.equal(nextCheckMs('starting', settings, 10_000), 30_000);
});

test('durations', () => {
  assert.deepEqual([250, 1500, 90_000, 3_600_000].map(duration), ['250ms', '1.5s', '1m30s', '1h0m0s']);
});
