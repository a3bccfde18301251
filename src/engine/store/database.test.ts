import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { openDatabase } from './database.ts';
import { migrations } from './migrations.ts';

const memory = () => openDatabase(':memory:', silentLogger, [{ name: 'test', sql: 'CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT' }]);

test('a transaction happens whole or not at all, also inside another', () => {
  using database = memory();
  assert.throws(() => database.transaction(() => {
    database.run('INSERT INTO t VALUES (?, ?)', 'a', 1);
    throw new Error('no');
  }), /no/);
  database.transaction(() => {
    database.run('INSERT INTO t VALUES (?, ?)', 'b', 2);
    assert.throws(() => database.transaction(() => {
      database.run('INSERT INTO t VALUES (?, ?)', 'c', 3);
      throw new Error('inner');
    }), /inner/);
  }, { durable: true });
  assert.deepEqual(database.all<{ k: string }>('SELECT k FROM t').map(({ k }) => k), ['b']);
  assert.equal(database.get('SELECT 1 FROM t WHERE k = ?', 'a'), undefined);
});

test('the schema is brought up to date once, and data stays', () => {
  const directory = mkdtempSync(join(tmpdir(), 'strata-db-'));
  try {
    const path = join(directory, 'state.db');
    const first = [{ name: 'one', sql: 'CREATE TABLE a (x INTEGER) STRICT' }];
    {
      using database = openDatabase(path, silentLogger, first);
      database.run('INSERT INTO a VALUES (7)');
    }
    {
      using database = openDatabase(path, silentLogger, [...first, { name: 'two', sql: 'ALTER TABLE a ADD COLUMN y INTEGER' }]);
      assert.equal(database.get<{ x: number }>('SELECT x FROM a WHERE y IS NULL')?.x, 7);
    }
    assert.throws(() => openDatabase(path, silentLogger, first), /later version/);
    writeFileSync(join(directory, 'bad.db'), 'x'.repeat(5000));
    assert.throws(() => openDatabase(join(directory, 'bad.db'), silentLogger), /cannot open the database .*bad\.db/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the real schema is valid and refuses dangling references', () => {
  using database = openDatabase(':memory:', silentLogger, migrations);
  assert.throws(() => database.run(`INSERT INTO image_references (name, repository, tag, image, created_at) VALUES ('a:b', 'a', 'b', 'sha256:0', 0)`), /FOREIGN KEY/);
});
