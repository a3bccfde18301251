import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { decideRestart, parseRestartPolicy, startsWithEngine } from './restart-policy.ts';

const end = { exitCode: 1, ranMs: 50, restartCount: 0, stoppedByUser: false, previousDelayMs: 0 };

test('policies', () => {
  assert.deepEqual(parseRestartPolicy(undefined), { name: 'no', maximumRetries: 0 });
  assert.throws(() => parseRestartPolicy({ Name: 'sometimes' }), InvalidArgumentError);
  assert.throws(() => parseRestartPolicy({ Name: 'always', MaximumRetryCount: 3 }), InvalidArgumentError);
});

test('who comes again', () => {
  assert.equal(decideRestart({ name: 'no', maximumRetries: 0 }, end), undefined);
  assert.deepEqual(decideRestart({ name: 'always', maximumRetries: 0 }, end), { delayMs: 100 });
  assert.equal(decideRestart({ name: 'always', maximumRetries: 0 }, { ...end, stoppedByUser: true }), undefined);
  assert.equal(decideRestart({ name: 'on-failure', maximumRetries: 0 }, { ...end, exitCode: 0 }), undefined);
  assert.equal(decideRestart({ name: 'on-failure', maximumRetries: 2 }, { ...end, restartCount: 2 }), undefined);
  assert.notEqual(decideRestart({ name: 'on-failure', maximumRetries: 2 }, { ...end, restartCount: 1 }), undefined);
});

test('delays double to a minute and begin anew after a steady run', () => {
  const always = { name: 'always', maximumRetries: 0 } as const;
  assert.deepEqual(decideRestart(always, { ...end, previousDelayMs: 400 }), { delayMs: 800 });
  assert.deepEqual(decideRestart(always, { ...end, previousDelayMs: 51_200 }), { delayMs: 60_000 });
  assert.deepEqual(decideRestart(always, { ...end, previousDelayMs: 51_200, ranMs: 10_000 }), { delayMs: 100 });
});

test('with the engine', () => {
  const last = { exitCode: 137, restartCount: 0, stoppedByUser: false };
  const stopped = { ...last, stoppedByUser: true };
  assert.equal(startsWithEngine({ name: 'no', maximumRetries: 0 }, last), false);
  assert.equal(startsWithEngine({ name: 'always', maximumRetries: 0 }, stopped), true);
  assert.equal(startsWithEngine({ name: 'unless-stopped', maximumRetries: 0 }, stopped), false);
  assert.equal(startsWithEngine({ name: 'unless-stopped', maximumRetries: 0 }, last), true);
  assert.equal(startsWithEngine({ name: 'on-failure', maximumRetries: 0 }, last), true);
  assert.equal(startsWithEngine({ name: 'on-failure', maximumRetries: 0 }, { ...last, exitCode: 0 }), false);
  assert.equal(startsWithEngine({ name: 'on-failure', maximumRetries: 2 }, { ...last, restartCount: 2 }), false);
});
