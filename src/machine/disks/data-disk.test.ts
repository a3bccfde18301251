import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConflictError, UnavailableError } from '../../api/errors.ts';
import { ensureDataDisk, occupiedBytes } from './data-disk.ts';
import { assertRoom } from './disk-room.ts';

test('the data disk is sparse, grows, and never shrinks', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'strata-disk-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'data.img');
  assert.equal(await occupiedBytes(file), undefined);
  assert.deepEqual(await ensureDataDisk(file, 1), { created: true });
  assert.equal((await stat(file)).size, 1024 ** 3);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await occupiedBytes(file), 0);
  assert.deepEqual(await ensureDataDisk(file, 2), { created: false });
  assert.equal((await stat(file)).size, 2 * 1024 ** 3);
  await assert.rejects(ensureDataDisk(file, 1), ConflictError);
  assert.equal((await stat(file)).size, 2 * 1024 ** 3);
});

test('growing keeps what is there', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'strata-disk-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'data.img');
  await writeFile(file, 'superblock');
  await ensureDataDisk(file, 1);
  assert.equal((await readFile(file)).subarray(0, 10).toString(), 'superblock');
});

test('a full disk is said before anything starts', async () => {
  await assertRoom(tmpdir(), 1);
  await assert.rejects(assertRoom(tmpdir(), Number.MAX_SAFE_INTEGER), (error: unknown) => error instanceof UnavailableError && /are free at/.test(error.message));
});
