import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPatterns } from './name-pattern.ts';

const NAMES = ['/web', 'web', '/Web-2', 'Web-2', '/db', 'db'];
const taken = (...patterns: string[]): string[] => [...matchPatterns(patterns, NAMES)].sort();

test('names as Go\'s expressions read them', () => {
  assert.deepEqual(taken('^web$'), ['web']);
  assert.deepEqual(taken('eb'), ['/Web-2', '/web', 'Web-2', 'web']);
  assert.deepEqual(taken('(?i)^WEB'), ['Web-2', 'web']);
  assert.deepEqual(taken('\\Adb\\z'), ['db']);
  assert.deepEqual(taken('^[[:alpha:]]b$'), ['db']);
  assert.deepEqual(taken('^[[:upper:]]', '^(?P<name>db)$'), ['Web-2', 'db']);
  assert.deepEqual(taken(''), [...NAMES].sort());
  assert.deepEqual(taken('['), []);
});

test('what would take for ever takes nothing', () => {
  assert.deepEqual(matchPatterns(['^(a+)+$'], [`${'a'.repeat(60)}!`]).size, 0);
});
