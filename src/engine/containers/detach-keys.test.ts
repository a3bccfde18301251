import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { DetachKeys, parseDetachKeys } from './detach-keys.ts';
import { parseSignal } from './signals.ts';

test('keys', () => {
  assert.deepEqual([...parseDetachKeys('')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('ctrl-a,x,ctrl-[')], [1, 120, 27]);
  for (const bad of ['ctrl-', 'xy', 'a,,b', 'ctrl-1']) assert.throws(() => parseDetachKeys(bad), InvalidArgumentError, bad);
});

async function through(...chunks: number[][]): Promise<{ out: number[]; detached: boolean }> {
  const keys = new DetachKeys(Buffer.from([16, 17]));
  let detached = false;
  keys.once('detach', () => { detached = true; });
  const out: number[] = [];
  keys.on('data', (chunk: Buffer) => out.push(...chunk));
  for (const chunk of chunks) keys.write(Buffer.from(chunk));
  keys.end();
  await new Promise((resolve) => keys.once('end', resolve));
  return { out, detached };
}

test('detaches on the keys alone, however they are cut', async () => {
  assert.deepEqual(await through([1, 16], [17, 5]), { out: [1], detached: true });
  assert.deepEqual(await through([16, 5, 17]), { out: [16, 5, 17], detached: false });
  assert.deepEqual(await through([16, 16, 17]), { out: [16], detached: true });
  assert.deepEqual(await through([7, 16]), { out: [7, 16], detached: false });
});

test('signals', () => {
  assert.deepEqual(['SIGTERM', 'kill', '9', 'RTMIN+3', 'SIGRTMAX'].map(parseSignal), [15, 9, 9, 37, 64]);
  for (const bad of ['', 'NOPE', '0', '65', 'RTMIN+40']) assert.throws(() => parseSignal(bad), InvalidArgumentError, bad);
});
