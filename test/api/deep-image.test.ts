import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { ImageInspect } from '../../src/api/wire/image.ts';
import { findTool } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { tinyImage } from '../fixtures/tiny-image.ts';
import { onEveryEndpoint } from './endpoint.ts';

const SHOW = 'cd /deep; cat first last shared; ls | wc -l';

onEveryEndpoint('an image of very many layers', (endpoint) => {
  let scratch: Scratch;
  /** dockerd allows 125, and takes its time for each. */
  let height: number;
  before(async () => {
    scratch = await Scratch.create('deep');
    height = endpoint().kind === 'dockerd' ? 12 : 130;
    const busybox = { name: 'bin/busybox', body: readFileSync(findTool('busybox') ?? ''), mode: 0o755 };
    const applets = ['sh', 'cat', 'ls', 'wc', 'rm', 'sleep'].map((name) => ({ name: `bin/${name}`, type: '2', link: 'busybox' }));
    const deep = { name: 'deep/', type: '5' };
    const more = Array.from({ length: height - 1 }, (_, index) => [
      deep, { name: `deep/f${String(index)}`, body: String(index) }, { name: 'deep/shared', body: `${String(index)}\n` },
      ...(index === 0 ? [{ name: 'deep/first', body: 'first\n' }] : []), ...(index === height - 2 ? [{ name: 'deep/last', body: 'last\n' }, { name: 'deep/.wh.f1' }] : []),
    ]);
    writeFileSync(scratch.file('deep.tar'), tinyImage({ tags: ['deep:1'], layers: [[{ name: 'bin/', type: '5' }, busybox, ...applets], ...more] }).archive);
    const loaded = await endpoint().docker.run(['load', '--quiet', '--input', scratch.file('deep.tar')], { timeoutMs: 170_000 });
    assert.equal(loaded.code, 0, loaded.stderr);
  }, { timeout: 180_000 });
  after(() => scratch[Symbol.asyncDispose]());

  const layersOf = async (name: string): Promise<number> => (await endpoint().api.get(`/images/${name}/json`)).as<ImageInspect>().RootFS.Layers.length;

  test('a container of it runs and sees all layers', async () => {
    assert.equal(await layersOf('deep:1'), height);
    // One file per layer above the first, but for the one that the last layer removes, and three more.
    assert.equal(await endpoint().docker.ok('run', '--rm', '--network', 'none', 'deep:1', 'sh', '-c', SHOW), `first\nlast\n${String(height - 2)}\n${String(height - 2 + 3)}`);
  });

  test('diff, cp and commit on it; the image that was made runs too', async () => {
    const { docker } = endpoint();
    await docker.ok('run', '--name', 'deep', '--network', 'none', 'deep:1', 'sh', '-c', 'cd /deep; echo new > new; rm f3; echo changed > shared');
    assert.deepEqual((await docker.ok('diff', 'deep')).split('\n').toSorted(), ['A /deep/new', 'C /deep', 'C /deep/shared', 'D /deep/f3']);
    await docker.ok('cp', 'deep:/deep/f7', scratch.file('f7'));
    assert.equal(readFileSync(scratch.file('f7'), 'utf8'), '7');
    await docker.ok('cp', scratch.file('f7'), 'deep:/deep/copied');
    await docker.ok('commit', 'deep', 'deeper:1');
    assert.equal(await layersOf('deeper:1'), height + 1);
    assert.equal(await docker.ok('run', '--rm', '--network', 'none', 'deeper:1', 'sh', '-c', `${SHOW}; cat new copied`), `first\nlast\nchanged\n${String(height - 2 + 3 + 1)}\nnew\n7`);
    await docker.ok('rm', 'deep');
    await docker.ok('rmi', 'deeper:1', 'deep:1');
  });
});
