import assert from 'node:assert/strict';
import { appendFile, mkdtempDisposable, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Growth, readGrowing } from './growth.ts';

class Folder implements AsyncDisposable {
  readonly #made: Awaited<ReturnType<typeof mkdtempDisposable>>;
  private constructor(made: Awaited<ReturnType<typeof mkdtempDisposable>>) {
    this.#made = made;
  }

  static async create(): Promise<Folder> {
    return new Folder(await mkdtempDisposable(join(tmpdir(), 'strata-grow-')));
  }

  file(name: string): string {
    return join(this.#made.path, name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#made.remove();
  }
}

const PIECE = Buffer.alloc(700_000, 'piece');

describe('a file that is read while it is written', () => {
  test('gives its bytes as they come, to its end, also when it is moved before it is opened', async () => {
    await using scratch = await Folder.create();
    const growth = new Growth(scratch.file('partial'), scratch.file('whole'));
    const read = Array.fromAsync(readGrowing(growth.file));
    await writeFile(scratch.file('partial'), PIECE);
    await appendFile(scratch.file('partial'), 'the rest');
    await rename(scratch.file('partial'), scratch.file('whole'));
    growth.reach(PIECE.length);
    growth.reach(PIECE.length + 8);
    growth.finish();
    assert.ok(Buffer.concat(await read).equals(Buffer.concat([PIECE, Buffer.from('the rest')])));
  });

  test('tells its reader when it is given up; one that is whole cannot be any more', async () => {
    await using scratch = await Folder.create();
    await writeFile(scratch.file('partial'), PIECE);
    const growth = new Growth(scratch.file('partial'), scratch.file('whole'));
    const reader = readGrowing(growth.file)[Symbol.asyncIterator]();
    growth.reach(PIECE.length);
    await reader.next();
    await reader.next();
    const more = reader.next();
    growth.break();
    await assert.rejects(more, { name: 'GrowthBrokenError' });
    assert.ok(growth.isBroken());
    const whole = new Growth(scratch.file('partial'), scratch.file('partial'));
    whole.reach(PIECE.length);
    whole.finish();
    whole.break();
    assert.equal(Buffer.concat(await Array.fromAsync(readGrowing(whole.file))).length, PIECE.length);
  });

  test('a file that is shorter than it was said to be is no end', async () => {
    await using scratch = await Folder.create();
    await writeFile(scratch.file('partial'), 'short');
    const growth = new Growth(scratch.file('partial'), scratch.file('partial'));
    growth.reach(PIECE.length);
    await assert.rejects(Array.fromAsync(readGrowing(growth.file)), { name: 'GrowthBrokenError' });
  });
});
