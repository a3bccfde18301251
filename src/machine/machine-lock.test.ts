import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConflictError } from '../api/errors.ts';
import { lockHolder, MachineLock } from './machine-lock.ts';

async function lockFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-lock-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'agent.pid');
}

test('one holder at a time; free again afterwards, nothing left behind', async (t) => {
  const file = await lockFile(t);
  const lock = await MachineLock.acquire(file);
  assert.equal((await lockHolder(file))?.pid, process.pid);
  await assert.rejects(MachineLock.acquire(file), (error: unknown) => error instanceof ConflictError && error.message.includes(`pid ${String(process.pid)}`));
  await lock[Symbol.asyncDispose]();
  assert.equal(await lockHolder(file), undefined);
  assert.deepEqual(await readdir(join(file, '..')), []);
  await (await MachineLock.acquire(file))[Symbol.asyncDispose]();
});

test('a lock whose holder died, whose pid is used again, or that is damaged, is taken over', async (t) => {
  const file = await lockFile(t);
  for (const text of ['{"pid":4194300,"startTime":"1"}', `{"pid":${String(process.ppid)},"startTime":"1"}`, 'garbage', '{}', '']) {
    await writeFile(file, text);
    await (await MachineLock.acquire(file))[Symbol.asyncDispose]();
  }
});

test('of many that try at once exactly one wins, also over a stale lock', async (t) => {
  const file = await lockFile(t);
  await writeFile(file, '{"pid":4194300,"startTime":"1"}');
  const { spawn } = await import('node:child_process');
  const script = `import {MachineLock} from '${new URL('./machine-lock.ts', import.meta.url).href}';
    try { await MachineLock.acquire(process.argv[1]); console.log('won'); setTimeout(()=>{}, 3000); } catch (e) { console.log('lost'); }`;
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script, file], { stdio: ['ignore', 'pipe', 'inherit'] }));
  t.after(() => { for (const child of children) child.kill('SIGKILL'); });
  const outcomes = await Promise.all(children.map(async (child) => {
    for await (const chunk of child.stdout) return String(chunk).trim();
    return 'silent';
  }));
  assert.deepEqual(outcomes.toSorted(), ['lost', 'lost', 'lost', 'won']);
});
