import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ConflictError, InvalidArgumentError, NotFoundError } from '../../src/api/errors.ts';
import { mountAll, unmountAll } from '../../src/engine/linux/mount.ts';
import type { Mount } from '../../src/engine/snapshots/mount.ts';
import type { Snapshotter } from '../../src/engine/snapshots/snapshotter.ts';

export interface OpenedSnapshotter {
  snapshotter: Snapshotter;
  /** An empty directory of its own. */
  scratch: string;
}

/** What every Snapshotter promises. `open` gives an empty one. Needs root: it mounts. */
export function snapshotterContract(open: () => Promise<OpenedSnapshotter>): void {
  const mounted = async <T>(scratch: string, mounts: readonly Mount[], work: (root: string) => T): Promise<T> => {
    const target = join(scratch, 'mnt');
    mkdirSync(target, { recursive: true });
    mountAll(mounts, target);
    try {
      return work(target);
    } finally {
      await unmountAll(target);
    }
  };
  const layer = async ({ snapshotter, scratch }: OpenedSnapshotter, name: string, parent: string | undefined, work: (root: string) => void): Promise<void> => {
    await mounted(scratch, await snapshotter.prepare(`${name}-active`, parent), work);
    await snapshotter.commit(name, `${name}-active`);
  };
  const keys = async (snapshotter: Snapshotter): Promise<string[]> => (await Array.fromAsync(snapshotter.list())).map(({ key }) => key).toSorted();

  test('stacks show what was written, changed and removed, and leave what is below as it is', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    await layer(opened, 'base', undefined, (root) => { writeFileSync(join(root, 'a'), '1'); writeFileSync(join(root, 'b'), '1'); });
    await layer(opened, 'top', 'base', (root) => { writeFileSync(join(root, 'a'), '2'); rmSync(join(root, 'b')); writeFileSync(join(root, 'c'), '2'); });
    const show = (root: string): string[] => ['a', 'b', 'c'].map((name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : '-'));
    assert.deepEqual(await mounted(scratch, await snapshotter.view('v1', 'base'), show), ['1', '1', '-']);
    assert.deepEqual(await mounted(scratch, await snapshotter.view('v2', 'top'), show), ['2', '-', '2']);
    await mounted(scratch, await snapshotter.prepare('w', 'top'), (root) => { writeFileSync(join(root, 'a'), '3'); });
    assert.deepEqual(await mounted(scratch, await snapshotter.mounts('w'), show), ['3', '-', '2']);
    assert.deepEqual(await mounted(scratch, await snapshotter.mounts('v2'), show), ['2', '-', '2']);
  });

  test('a sidecar lies beside the files, stays over a commit, is not inherited and goes with the snapshot', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    await snapshotter.prepare('base-active', undefined);
    const { sidecar } = await snapshotter.stat('base-active');
    assert.equal(existsSync(sidecar), false);
    writeFileSync(sidecar, 'derived');
    await snapshotter.commit('base', 'base-active');
    assert.equal(readFileSync((await snapshotter.stat('base')).sidecar, 'utf8'), 'derived');
    await layer(opened, 'top', 'base', () => undefined);
    assert.equal(existsSync((await snapshotter.stat('top')).sidecar), false);
    assert.deepEqual(await mounted(scratch, await snapshotter.view('v', 'top'), (root) => readdirSync(root)), []);
    for (const key of ['v', 'top', 'base']) await snapshotter.remove(key);
    assert.equal(existsSync(sidecar), false);
  });

  test('a view cannot be written', async () => {
    const opened = await open();
    await layer(opened, 'base', undefined, () => undefined);
    await layer(opened, 'top', 'base', () => undefined);
    for (const parent of ['base', 'top']) {
      await mounted(opened.scratch, await opened.snapshotter.view(`v-${parent}`, parent), (root) => { assert.throws(() => { writeFileSync(join(root, 'x'), ''); }, /EROFS/); });
    }
  });

  test('the root directory keeps its mode through the stack', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    await layer(opened, 'base', undefined, () => undefined);
    const mode = await mounted(scratch, await snapshotter.prepare('w', 'base'), (root) => statSync(root).mode & 0o777);
    assert.equal(mode, 0o755);
  });

  test('the rules of keys, kinds and parents', async () => {
    const opened = await open();
    const { snapshotter } = opened;
    await layer(opened, 'base', undefined, () => undefined);
    await snapshotter.prepare('active', 'base');
    await assert.rejects(snapshotter.prepare('active', 'base'), ConflictError);
    await assert.rejects(snapshotter.view('base', 'base'), ConflictError);
    await assert.rejects(snapshotter.prepare('x', 'nope'), NotFoundError);
    await assert.rejects(snapshotter.prepare('x', 'active'), InvalidArgumentError);
    await assert.rejects(snapshotter.prepare('../x', undefined), InvalidArgumentError);
    await assert.rejects(snapshotter.mounts('nope'), NotFoundError);
    await assert.rejects(snapshotter.mounts('base'), ConflictError);
    await assert.rejects(snapshotter.commit('y', 'nope'), NotFoundError);
    await assert.rejects(snapshotter.commit('base', 'active'), ConflictError);
    await assert.rejects(snapshotter.commit('y', 'base'), InvalidArgumentError);
    await assert.rejects(snapshotter.remove('base'), ConflictError);
    await assert.rejects(snapshotter.remove('nope'), NotFoundError);
    await assert.rejects(snapshotter.stat('nope'), NotFoundError);
    assert.deepEqual(await keys(snapshotter), ['active', 'base']);
    assert.deepEqual(await snapshotter.stat('active').then(({ kind, parent }) => ({ kind, parent })), { kind: 'active', parent: 'base' });
    await snapshotter.remove('active');
    await snapshotter.remove('base');
    assert.deepEqual(await keys(snapshotter), []);
  });

  test('of many who prepare one key, one gets it', async () => {
    const { snapshotter } = await open();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => snapshotter.prepare('one', undefined)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('removal gives the files back, recovery clears what no record knows', async () => {
    const opened = await open();
    const { snapshotter } = opened;
    await layer(opened, 'base', undefined, (root) => { writeFileSync(join(root, 'a'), 'x'.repeat(8192)); });
    const { directory } = await snapshotter.stat('base');
    const usage = await snapshotter.usage('base');
    assert.ok(usage.bytes >= 8192 && usage.inodes >= 2, JSON.stringify(usage));
    const stray = join(directory, '../../999999');
    mkdirSync(stray);
    assert.deepEqual(snapshotter.strays(), [resolve(stray)]);
    await snapshotter.recover();
    assert.deepEqual(snapshotter.strays(), []);
    assert.equal(existsSync(stray), false);
    assert.equal(existsSync(directory), true);
    await snapshotter.remove('base');
    assert.equal(existsSync(directory), false);
  });

  test('what is being made or removed is nobody\'s leftover: recovery beside it takes nothing away', async () => {
    const opened = await open();
    const { snapshotter } = opened;
    await layer(opened, 'base', undefined, (root) => { for (let index = 0; index < 200; index += 1) writeFileSync(join(root, String(index)), 'x'); });
    const making = snapshotter.prepare('w', 'base');
    assert.deepEqual(snapshotter.strays(), []);
    await Promise.all([making, snapshotter.recover()]);
    assert.equal(existsSync((await snapshotter.stat('w')).directory), true);
    const removing = snapshotter.remove('w');
    assert.deepEqual(snapshotter.strays(), []);
    await removing;
  });

  test('a committed snapshot gets its files anew: what stands on it shows them; one that is disowned is found by nobody and goes last', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    await layer(opened, 'base', undefined, (root) => { writeFileSync(join(root, 'a'), 'old'); writeFileSync(join(root, 'b'), 'x'.repeat(8192)); });
    const before = await snapshotter.usage('base');
    await mounted(scratch, await snapshotter.prepare('anew', undefined), (root) => { writeFileSync(join(root, 'a'), 'new'); });
    const child = await snapshotter.prepare('child', 'base');
    await snapshotter.replace('base', 'anew');
    await assert.rejects(snapshotter.stat('anew'), NotFoundError);
    assert.deepEqual(snapshotter.strays(), []);
    assert.ok((await snapshotter.usage('base')).bytes < before.bytes);
    assert.equal(await mounted(scratch, await snapshotter.view('v', 'base'), (root) => readFileSync(join(root, 'a'), 'utf8')), 'new');
    if (snapshotter.layering === 'stacked') assert.equal(await mounted(scratch, child, (root) => readFileSync(join(root, 'a'), 'utf8')), 'new');
    await snapshotter.remove('v');
    await assert.rejects(snapshotter.replace('child', 'base'), InvalidArgumentError);
    await assert.rejects(snapshotter.replace('base', 'nope'), NotFoundError);
    const lost = snapshotter.disown('base');
    await assert.rejects(snapshotter.stat('base'), NotFoundError);
    assert.equal((await snapshotter.stat('child')).parent, lost);
    await layer(opened, 'base', undefined, (root) => { writeFileSync(join(root, 'a'), 'another'); });
    assert.throws(() => snapshotter.disown('child'), InvalidArgumentError);
    await assert.rejects(snapshotter.remove(lost), ConflictError);
    await snapshotter.remove('child');
    await snapshotter.remove(lost);
  });

  test('130 layers mount', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    // Where every layer is a whole copy, there is no limit to look for.
    const height = snapshotter.layering === 'stacked' ? 130 : 5;
    await layer(opened, 'l0', undefined, (root) => { writeFileSync(join(root, 'first'), '1'); });
    for (let index = 1; index < height; index += 1) {
      await snapshotter.prepare('next', `l${index - 1}`);
      await snapshotter.commit(`l${index}`, 'next');
    }
    await mounted(scratch, await snapshotter.prepare('w', `l${height - 1}`), (root) => {
      assert.equal(readFileSync(join(root, 'first'), 'utf8'), '1');
      writeFileSync(join(root, 'second'), '2');
    });
  });

  test('a snapshot made over nothing is put onto a parent at commit, where the snapshotter says it can', async () => {
    const opened = await open();
    const { snapshotter, scratch } = opened;
    await layer(opened, 'base', undefined, (root) => { writeFileSync(join(root, 'a'), '1'); });
    await mounted(scratch, await snapshotter.prepare('x', undefined), (root) => { writeFileSync(join(root, 'b'), '2'); });
    const commit = snapshotter.commit('top', 'x', { parent: 'base' });
    if (snapshotter.layering === 'merged') return assert.rejects(commit, InvalidArgumentError);
    await commit;
    await mounted(scratch, await snapshotter.view('v', 'top'), (root) => { assert.ok(existsSync(join(root, 'a')) && existsSync(join(root, 'b'))); });
    return undefined;
  });
}
