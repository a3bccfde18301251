import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_DETACH_KEYS, EscapeDetector, parseDetachKeys } from './escape-keys.ts';

test('the keys are found over several reads, and what is not them passes', () => {
  const detector = new EscapeDetector(parseDetachKeys(DEFAULT_DETACH_KEYS));
  const feed = (...bytes: number[]): [number[], boolean] => { const { pass, detached } = detector.feed(Uint8Array.from(bytes)); return [[...pass], detached]; };
  assert.deepEqual(feed(97, 16), [[97], false]);
  assert.deepEqual(feed(98), [[16, 98], false]);
  assert.deepEqual(feed(16, 16), [[16], false]);
  assert.deepEqual(feed(17, 99), [[], true]);
});

test('keys as docker spells them', () => {
  assert.deepEqual(parseDetachKeys('a,ctrl-a,ctrl-['), [97, 1, 27]);
  assert.throws(() => parseDetachKeys('ctrl-'), /unknown character/);
});
