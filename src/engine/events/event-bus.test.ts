import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from './event-bus.ts';
import { matchesEvent } from './event-filter.ts';

const event = (action: string) => ({ type: 'container' as const, action, id: 'abcdef', attributes: { name: 'web', image: 'busybox:latest', tier: 'front' } });

test('tells listeners in order and keeps the last 1,024', () => {
  const bus = new EventBus();
  const seen: string[] = [];
  const stop = bus.subscribe(({ action }) => seen.push(action));
  bus.subscribe(() => { throw new Error('bad listener'); });
  for (let i = 0; i < 1030; i += 1) bus.publish(event(`a${String(i)}`));
  stop();
  bus.publish(event('late'));
  assert.equal(seen.length, 1030);
  const past = bus.past({});
  assert.equal(past.length, 1024);
  assert.equal(past.at(-1)?.action, 'late');
  assert.ok(past.every((item, index) => index === 0 || item.timeNs > (past[index - 1]?.timeNs ?? 0n)));
  const middle = past[500]?.timeNs;
  assert.equal(bus.past({ sinceNs: middle }).length, 524);
  assert.equal(bus.past({ untilNs: middle }).length, 501);
});

test('filters', () => {
  const matches = (filters: Record<string, string[]>, action = 'exec_start: sh -c x') => matchesEvent(new Map(Object.entries(filters)), event(action));
  assert.equal(matches({ container: ['web'] }), true);
  assert.equal(matches({ container: ['abc'], type: ['container'] }), true);
  assert.equal(matches({ container: ['we'] }), true);
  for (const nobody of ['db', 'eb', '']) assert.equal(matches({ container: [nobody] }), false, nobody);
  assert.equal(matches({ event: ['exec_start'] }), true);
  assert.equal(matches({ event: ['exec'] }), false);
  assert.equal(matches({ event: ['start', 'stop'] }, 'stop'), true);
  assert.equal(matches({ image: ['busybox'] }), true);
  assert.equal(matches({ image: ['busybox:latest'] }), true);
  assert.equal(matches({ image: ['busy'] }), false);
  assert.equal(matches({ label: ['tier=front'] }), true);
  assert.equal(matches({ volume: ['web'] }), false);
  assert.equal(matches({ type: ['image', 'container'], scope: ['local'] }), true);
});
