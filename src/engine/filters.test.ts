import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../api/errors.ts';
import { filterBoolean, matchesAny, matchesLabels, parseFilters } from './filters.ts';
import { queryBoolean, queryInteger, queryTime } from './server/query.ts';

const parse = (value: unknown) => parseFilters(new URLSearchParams({ filters: typeof value === 'string' ? value : JSON.stringify(value) }), ['label', 'label!', 'name', 'dangling']);

test('both wire forms', () => {
  assert.deepEqual(parse({ label: { 'a=b': true, c: false }, name: null }), new Map([['label', ['a=b', 'c']]]));
  assert.deepEqual(parse({ name: ['x', 'y'] }), new Map([['name', ['x', 'y']]]));
  for (const none of ['null', '{}', '']) assert.equal(parse(none).size, 0);
  assert.equal(parseFilters(new URLSearchParams(), []).size, 0);
});

test('bad filters', () => {
  for (const bad of ['{', '[]', '""', '{"name":["x"]} x', { name: 1 }, { name: [1] }, { nope: ['x'] }, { nope: [] }, { name: { x: 1 } }, { name: ['x'], label: { y: true } }]) assert.throws(() => parse(bad), InvalidArgumentError);
  for (const bad of [['maybe'], ['true', 'false'], ['']]) assert.throws(() => filterBoolean(parse({ dangling: bad }), 'dangling'), InvalidArgumentError);
});

test('matching', () => {
  const filters = parse({ label: ['a=b', 'c'], 'label!': ['d'] });
  assert.equal(matchesLabels(filters, { a: 'b', c: '' }), true);
  assert.equal(matchesLabels(filters, { a: 'b' }), false);
  assert.equal(matchesLabels(filters, { a: 'b', c: '', d: '1' }), false);
  assert.equal(matchesAny(parse({ name: ['x', 'y'] }), 'name', (value) => value === 'y'), true);
  assert.equal(matchesAny(parse({ name: ['x'] }), 'name', (value) => value === 'y'), false);
  assert.equal(filterBoolean(parse({ dangling: ['1'] }), 'dangling'), true);
});

test('query values', () => {
  const query = new URLSearchParams({ a: '1', b: 'False', c: '', t: '10.5', n: '-3', bad: 'x', z: '0', iso: '2026-01-01T00:00:00Z' });
  assert.deepEqual([queryBoolean(query, 'a'), queryBoolean(query, 'b'), queryBoolean(query, 'c'), queryBoolean(query, 'none')], [true, false, false, false]);
  assert.equal(queryInteger(query, 'n'), -3);
  assert.throws(() => queryInteger(query, 'bad'), InvalidArgumentError);
  assert.equal(queryTime(query, 't'), 10_500_000_000n);
  assert.equal(queryTime(query, 'z'), undefined);
  assert.equal(queryTime(query, 'iso'), 1_767_225_600_000_000_000n);
  assert.throws(() => queryTime(query, 'bad'), InvalidArgumentError);
});
