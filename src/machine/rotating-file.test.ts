import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RotatingFile } from './rotating-file.ts';

test('a full log begins anew and keeps one old file', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'strata-log-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'agent.log');
  const log = new RotatingFile(path, 10);
  for (const text of ['12345678\n', 'next\n', 'third\n']) log.write(text);
  log.close();
  assert.equal(await readFile(path, 'utf8'), 'third\n');
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'next\n');
  const again = new RotatingFile(path, 100);
  again.write('more\n');
  again.close();
  assert.equal(await readFile(path, 'utf8'), 'third\nmore\n');
});

test('a log that cannot be written is silent', () => {
  new RotatingFile('/nonexistent/agent.log', 10).write('x');
});
