import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { Limiter } from '../../src/base/limiter.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import type { Reply } from '../fixtures/http.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';

const skip = missing({ root: true, tools: [...ENGINE_TOOLS, ...IMAGE_TOOLS, 'docker', 'gcc'], filesystems: ['overlay'] }) || await engineMissing();
const ROUNDS = 200;
const SECRET = 'a secret of the machine';

/** Swaps two names as fast as the kernel can, for each pair of its arguments, until it is killed. */
const FLIPPER = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
int main(int count, char **names) {
  for (unsigned long turn = 0;; turn++) {
    for (int at = 1; at + 1 < count; at += 2)
      if (renameat2(AT_FDCWD, names[at], AT_FDCWD, names[at + 1], RENAME_EXCHANGE) != 0 && errno != ENOENT) { perror(names[at]); return 1; }
    if (turn == 1000) { puts("flipping"); fflush(stdout); }
  }
}`;

/** A container changes directories and files into symlinks that lead to the machine's files, and back, while its files are copied. */
describe('copying while the container swaps links', { skip, timeout: 300_000 }, () => {
  const open = new AsyncDisposableStack();
  let engine: Engine;
  let docker: DockerCli;
  let outside: Scratch;

  before(async () => {
    outside = open.use(await Scratch.create('out'));
    await mkdir(outside.file('canary'));
    await writeFile(outside.file('canary/f'), SECRET);
    await utimes(outside.file('canary/f'), new Date(2000, 0), new Date(2000, 1));
    await writeFile(outside.file('flipper.c'), FLIPPER);
    await exec('gcc', ['-O2', '-static', '-o', outside.file('flipper'), outside.file('flipper.c')]);
    engine = open.use(await Engine.start());
    docker = open.use(await DockerCli.create(engine.socketPath));
    await docker.ok('load', '-q', '-i', (await testImages()).busybox);
    const canary = outside.file('canary');
    const up = '../'.repeat(12);
    await docker.ok('create', '--name', 'racer', '-v', 'racing:/vol', 'busybox', 'sh', '-c', [
      'for at in /race /vol; do',
      `mkdir -p $at/dir $at/deep/er; echo inside > $at/dir/f; echo inside > $at/deep/er/f; echo inside > $at/file; ln -s ${canary} $at/link; ln -s ${up}${canary} $at/up; ln -s ${canary}/f $at/flink;`,
      'done; exec /flipper /race/dir /race/link /race/deep /race/up /race/file /race/flink /vol/dir /vol/link /vol/deep /vol/up /vol/file /vol/flink',
    ].join(' '));
    await docker.ok('cp', '-q', outside.file('flipper'), 'racer:/flipper');
    await docker.ok('start', 'racer');
    await using log = docker.start(['logs', '-f', 'racer']);
    for await (const chunk of log.child.stdout) if (String(chunk).includes('flipping')) break;
  });
  after(() => open.disposeAsync());

  const path = (where: string, query = ''): string => `/containers/racer/archive?path=${encodeURIComponent(where)}${query}`;

  async function rounds(work: (round: number) => Promise<Reply>, count = ROUNDS): Promise<Map<number, number>> {
    const statuses = new Map<number, number>();
    const limiter = new Limiter(4);
    await Promise.all(Array.from({ length: count }, (_, round) => limiter.run(async () => {
      const reply = await work(round);
      assert.ok([200, 400, 404].includes(reply.status), `${reply.status} ${reply.text.slice(0, 300)}`);
      assert.ok(!reply.body.includes(SECRET), 'the machine was read');
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
    })));
    return statuses;
  }

  async function isUntouched(): Promise<void> {
    assert.deepEqual(await readdir(outside.file('canary')), ['f']);
    assert.equal((await stat(outside.file('canary/f'))).atimeMs, new Date(2000, 0).getTime());
    assert.equal((await docker.ok('inspect', '-f', '{{.State.Status}}', 'racer')), 'running');
  }

  test('out of the container', async () => {
    const targets = ['/race/dir/f', '/race/dir/', '/race', '/race/deep/er/f', '/race/file', '/vol/dir/.', '/vol', '/vol/up/er'];
    const statuses = await rounds((round) => engine.api.get(path(targets[round % targets.length] ?? '/')));
    await isUntouched();
    assert.ok((statuses.get(200) ?? 0) > 0);
  });

  test('into the container', async () => {
    const archives = [
      rawTar([{ name: 'dropped', body: 'x' }]), rawTar([{ name: 'dir/dropped', body: 'x' }, { name: 'deep/er/dropped', body: 'x' }]), rawTar([{ name: 'dir', type: '5', mode: 0o777 }, { name: 'dir/f', body: 'x' }]), rawTar([{ name: 'file', body: 'x' }]),
      rawTar([{ name: 'dir/sub', type: '5' }, { name: 'dir/sub/hard', type: '1', link: 'deep/er/f' }, { name: 'dir/sub/pipe', type: '6' }]),
    ];
    const targets = ['/race/dir', '/race', '/vol', '/vol/deep/er', '/race/link/.'];
    await rounds((round) => engine.api.call('PUT', path(targets[round % targets.length] ?? '/', round % archives.length === 2 ? '&noOverwriteDirNonDir=1' : ''), { body: archives[round % archives.length] ?? '' }));
    await isUntouched();
  });

  test('what is looked at and what is exported', async () => {
    await rounds((round) => engine.api.call('HEAD', path(round % 2 === 0 ? '/race/link/f' : '/vol/flink')), 40);
    assert.ok(!(await engine.api.get('/containers/racer/export')).body.includes(SECRET));
    assert.equal((await engine.api.get('/containers/racer/changes')).status, 200);
    await isUntouched();
    assert.doesNotMatch(engine.log, /File descriptor/);
    // Read last: reading is what must not have happened before.
    assert.equal(await readFile(outside.file('canary/f'), 'utf8'), SECRET);
  });
});
