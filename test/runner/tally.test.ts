import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLine, Tally } from './tally.ts';

const failure = (failureType: string, cause: unknown): Error => Object.assign(new Error('wrapped', { cause }), { failureType });

test('tests count, suites only when nobody inside speaks for them', () => {
  const tally = new Tally();
  tally.passed({ name: 'a', nesting: 1, file: 'f', details: { type: 'test' } });
  tally.passed({ name: 'suite', nesting: 0, file: 'f', details: { type: 'suite' } });
  tally.passed({ name: 'not here', nesting: 0, file: 'f', skip: 'skipped: needs root', details: { type: 'suite' } });
  tally.failed({ name: 'b', nesting: 1, file: 'f', details: { type: 'test', error: failure('testCodeFailure', new Error('broken')) } });
  tally.failed({ name: 'suite', nesting: 0, file: 'f', details: { type: 'suite', error: failure('subtestsFailed', '1 subtest failed') } });
  tally.failed({ name: 'other suite', nesting: 0, file: 'f', details: { type: 'suite', error: failure('hookFailed', new Error('no engine')) } });
  assert.equal(lastLine(tally.totals()), '1 passed, 2 failed, 1 skipped');
  const [result] = tally.results;
  assert.deepEqual(result?.skipped, [{ name: 'not here', reason: 'needs root' }]);
  assert.match(result.failed.at(0)?.text ?? '', /broken/);
  assert.match(result.failed.at(1)?.text ?? '', /no engine/);
});

test('the cause of a failure is told', () => {
  const tally = new Tally();
  tally.failed({ name: 'a', nesting: 0, file: 'f', details: { error: failure('testCodeFailure', new Error('outer', { cause: new Error('inner') })) } });
  assert.match(tally.results[0]?.failed[0]?.text ?? '', /outer[\s\S]*because: [\s\S]*inner/);
});
