import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { FileDifference, ImageFile, ImageLayers, ImageWaste } from '../../src/api/wire/explorer.ts';
import { type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { rawTar } from '../fixtures/raw-tar.ts';
import { missing } from '../fixtures/requirements.ts';
import { STRATA } from './strata-command.ts';

/** `strata image layers|files|diff|waste` as people see them, 80 columns wide. */
describe('the layer explorer in a terminal', { skip: missing({ root: true, tools: [...ENGINE_TOOLS, ...IMAGE_TOOLS], filesystems: ['overlay'] }), concurrency: false, timeout: 300_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let strata: DockerCli;
  before(async () => {
    const images = await testImages();
    const engine = cleanup.use(await Engine.start());
    strata = cleanup.use(await DockerCli.create(engine.socketPath, STRATA));
    for (const archive of [images.busybox, images.layers]) await strata.ok('load', '-q', '-i', archive);
  });
  after(() => cleanup.disposeAsync());

  const image = (...args: string[]): Promise<string> => strata.ok('image', ...args);
  const fails = async (code: number, text: RegExp, ...args: string[]): Promise<void> => {
    const result: CommandResult = await strata.run(['image', ...args]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, text);
    assert.equal(result.stdout, '');
  };
  const narrow = (text: string): string => { for (const line of text.split('\n')) assert.ok(Array.from(line).length <= 80, line); return text; };

  test('layers: a row per step, what deletion frees, JSON, templates', async () => {
    const shown = narrow(await image('layers', 'layers'));
    assert.match(shown, /^LAYER +SIZE +ADDED +CHANGED +REMOVED +FREED +SHARED +CREATED BY\n +1 +[\d.]+MB +\d+ +0 +0 +[\d.]+MB +- +umoci insert\n +2 +4B +0 +1 +0 /);
    assert.match(shown, /\n +- +umoci config\n/);
    assert.match(shown, /\nDeleting layers frees [\d.]+MB on the disk:\n {2}[\d.]+MB of unpacked files and [\d.]+MB of blobs\.$/);
    assert.equal((JSON.parse(await image('layers', '--json', 'layers')) as ImageLayers).Layers.length, 4);
    assert.equal(await image('layers', '--format', '{{.Layer}} {{.Changed}} {{.Removed}}', 'layers'), '1 0 0\n2 1 0\n3 0 1\n4 0 3');
    assert.match(await image('layers', '-q', 'layers'), /^(sha256:[0-9a-f]{64}\n?){4}$/);
  });

  test('files: a directory with the layers that made it, one layer with what it did', async () => {
    const data = await image('files', '--removed', 'layers', '/data');
    assert.match(data, /^MODE +OWNER +SIZE +LAYER +PATH\n/);
    assert.match(data, /\n-rw-r--r-- +0:0 +4B +1→2 +\/data\/changed\n/);
    assert.match(data, /\n-rw-r--r-- +0:0 +8B +1→-3 +\/data\/removed\n/);
    assert.match(data, /\n-rwsr-xr-x +0:0 +10B +1 +\/data\/setuid\n/);
    assert.match(data, /\ndrwxr-xr-x +0:0 +6B +1 +\/data\/opaque\/\n/);
    assert.match(data, /\nlrwxrwxrwx +0:0 +- +1 +\/data\/symlink -> \.\.\/data\/kept\n/);
    assert.equal(narrow(await image('files', '--layer', '3', 'layers')).replaceAll(/ +/g, ' '), ' MODE OWNER SIZE LAYER PATH\nD -rw-r--r-- 0:0 8B 1→-3 /data/removed');
    assert.equal(await image('files', '-l', '4', '-q', 'layers'), '/data/opaque/above\n/data/opaque/below\n/data/opaque/deep\n/data/opaque/deep/below');
    assert.equal(await image('files', 'busybox', '/dev'), '/dev is empty.');
    const line = JSON.parse(await image('files', '--json', 'layers', '/data/kept')) as ImageFile;
    assert.deepEqual([line.Path, line.Size, line.Layer], ['/data/kept', 5, 1]);
  });

  test('diff and waste say it in the first and the last line', async () => {
    const differences = await image('diff', 'busybox', 'layers');
    assert.match(differences, /\nA +- +4B +\/data\/changed\n/);
    assert.match(differences, /\n\n\d+ added, \d+ changed, \d+ removed; [\d.]+k?B (more|less)\.$/);
    assert.equal(await image('diff', 'busybox', 'busybox:1'), 'No file of busybox and busybox:1 differs.');
    assert.ok((await image('diff', '--json', 'busybox', 'layers')).split('\n').every((line) => (JSON.parse(line) as FileDifference).Path.startsWith('/')));
    const waste = narrow(await image('waste', 'layers'));
    assert.match(waste, /^layers wastes 24B of [\d.]+MB in 4 paths \(efficiency 100\.0 %\)\.\n\nWASTED +LAYERS +PATH\n +8B +1 removed by 3 +\/data\/removed\n/);
    assert.match(await image('waste', '-n', '1', 'layers'), /\n… and 3 more: --limit 4$/);
    assert.equal((JSON.parse(await image('waste', '--json', 'layers')) as ImageWaste).WastedBytes, 24);
  });

  test('what is not there is named, with the status 1', async () => {
    await fails(1, /No such image: nope:latest/, 'layers', 'nope');
    await fails(1, /No such image: nope:latest/, 'diff', 'busybox', 'nope');
    await fails(1, /no such layer in image layers: 9 \(it has layers 1 to 4\)/, 'files', '--layer', '9', 'layers');
    await fails(1, /numbered from 1/, 'files', '--layer', '0', 'layers');
    await fails(1, /no such file or directory in image layers: \/nope/, 'files', 'layers', '/nope');
  });

  test('names in an image do not command the terminal', async () => {
    const layer = rawTar([{ name: 'red\u001b[31m', body: 'x' }]);
    const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
    const archive = rawTar([
      { name: 'layer.tar', body: layer }, { name: 'config.json', body: JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] }, history: [{ created_by: 'RUN \u001b[2J' }] }) },
      { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: ['rude:latest'], Layers: ['layer.tar'] }]) },
    ]);
    assert.equal((await strata.run(['load', '-q'], { input: archive })).code, 0);
    for (const args of [['layers', 'rude'], ['files', 'rude'], ['diff', 'busybox', 'rude']]) assert.ok(!(await image(...args)).includes('\u001b'), args.join(' '));
  });
});
