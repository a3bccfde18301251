import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomic } from './atomic-file.ts';
import { Cleanup } from './cleanup.ts';
import { exec, ExecError } from './exec.ts';
import { KeyedLock } from './keyed-lock.ts';
import { createLogger } from './log.ts';
import { Limiter } from './limiter.ts';
import { SingleFlight } from './single-flight.ts';

describe('Cleanup', () => {
  test('an armed scope undoes last in first out and survives a failing step', async () => {
    const seen: string[] = [];
    {
      await using undo = new Cleanup((error) => seen.push(String(error)));
      undo.push(() => seen.push('first'));
      undo.push(() => { throw new Error('broken'); });
      undo.push(() => seen.push('last'));
    }
    assert.deepEqual(seen, ['last', 'Error: broken', 'first']);
  });

  test('a disarmed scope undoes nothing', async () => {
    const seen: string[] = [];
    {
      await using undo = new Cleanup();
      undo.push(() => seen.push('undone'));
      undo.disarm();
    }
    assert.deepEqual(seen, []);
  });
});

describe('KeyedLock', () => {
  test('one key at a time in order; a failure frees the key; keys do not wait for each other', async () => {
    const lock = new KeyedLock();
    const seen: string[] = [];
    const slow = lock.run('a', async () => { await sleep(20); seen.push('a1'); throw new Error('x'); });
    const next = lock.run('a', async () => { seen.push('a2'); });
    await lock.run('b', async () => { seen.push('b'); });
    await assert.rejects(slow);
    await next;
    assert.deepEqual(seen, ['b', 'a1', 'a2']);
  });
});

describe('SingleFlight', () => {
  test('callers share running work; later callers start it again', async () => {
    const flight = new SingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => { await sleep(5); return ++runs; };
    assert.deepEqual(await Promise.all([flight.run('k', work), flight.run('k', work)]), [1, 1]);
    assert.equal(await flight.run('k', work), 2);
  });
});

describe('exec', () => {
  test('gives output, feeds input', async () => {
    assert.deepEqual(await exec('sh', ['-c', 'cat; echo e >&2'], { input: 'in' }), { stdout: 'in', stderr: 'e\n' });
  });

  test('a failure names the command and carries its words', async () => {
    await assert.rejects(exec('sh', ['-c', 'echo why >&2; exit 4']), (error) => error instanceof ExecError && error.exitCode === 4 && error.message === 'sh: why');
    await assert.rejects(exec('no-such-command', []), /no-such-command/);
    await assert.rejects(exec('sleep', ['10'], { timeoutMs: 20 }), /killed by SIGKILL/);
  });
});

describe('writeFileAtomic', () => {
  test('replaces and leaves no temporary file, also on failure', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'strata-base-'));
    try {
      await writeFileAtomic(join(directory, 'f'), 'one');
      await writeFileAtomic(join(directory, 'f'), 'two', { mode: 0o600 });
      assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'two');
      await assert.rejects(writeFileAtomic(join(directory, 'none/f'), 'x'));
      assert.deepEqual(readdirSync(directory), ['f']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('log', () => {
  test('one line: time, level, message, fields; below the level nothing', () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'info', write: (line) => lines.push(line) }).child({ id: 'c1' });
    log.debug('hidden');
    log.warn('disk low', { path: '/a b', error: new Error('bad'), gone: undefined });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^\S+Z warn disk low id=c1 path="\/a b" error="bad"\n$/);
  });
});

test('a limiter that is resized lets more in at once, and fewer as works end', async () => {
  const limiter = new Limiter(1);
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  let running = 0;
  const works = gates.map(({ promise }) => limiter.run(async () => { running += 1; await promise; running -= 1; }));
  assert.equal(running, 1);
  limiter.resize(3);
  await new Promise(setImmediate);
  assert.equal(running, 3);
  limiter.resize(1);
  gates[0]?.resolve();
  await works[0];
  await new Promise(setImmediate);
  assert.equal(running, 2);
  for (const gate of gates) gate.resolve();
  await Promise.all(works);
  assert.equal(running, 0);
});
