import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWindowState } from './window-state.ts';

const SCREENS = [{ x: 0, y: 0, width: 1920, height: 1040 }, { x: 1920, y: 0, width: 1280, height: 1024 }];

test('a good state is kept', () => {
  const state = { width: 900, height: 700, position: { x: 2000, y: 40 }, maximized: true };
  assert.deepEqual(parseWindowState(JSON.stringify(state), SCREENS), state);
});

test('a position that no screen shows is forgotten', () => {
  const gone = { width: 900, height: 700, position: { x: 4000, y: 40 }, maximized: false };
  assert.deepEqual(parseWindowState(JSON.stringify(gone), SCREENS), { width: 900, height: 700, maximized: false });
  assert.deepEqual(parseWindowState(JSON.stringify({ ...gone, position: { x: 10, y: -500 } }), SCREENS), { width: 900, height: 700, maximized: false });
});

test('sizes are brought within bounds', () => {
  assert.deepEqual(parseWindowState('{"width":1,"height":99999}', SCREENS), { width: 720, height: 1040, maximized: false });
});

test('whatever cannot be read gives the first window', () => {
  for (const text of ['', 'null', '[]', '"x"', '{"width":"wide","position":[1]}', '{']) {
    assert.deepEqual(parseWindowState(text, SCREENS), { width: 1120, height: 740, maximized: false }, text);
  }
});
