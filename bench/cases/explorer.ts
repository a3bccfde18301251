import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { Growth } from '../../src/engine/content/growth.ts';
import { unpackLayer } from '../../src/engine/images/unpack/unpack-layer.ts';
import { HttpApi } from '../../test/fixtures/http.ts';
import { type RawEntry, rawTar } from '../../test/fixtures/raw-tar.ts';
import { Scratch } from '../../test/fixtures/scratch.ts';
import type { BenchEngine } from '../engines.ts';
import { type Benchmark, timed } from '../measure.ts';

const LAYERS = 10;
const FILES_PER_LAYER = 1500;
const FILE_BYTES = 20_000;

/** What the index of a layer costs while it is unpacked, and how long questions about an image of 15,000 files, 300 MB, take. */
export async function explorerBenchmarks(engine: BenchEngine, cleanup: AsyncDisposableStack): Promise<Benchmark[]> {
  const scratch = cleanup.use(await Scratch.create('bench'));
  const blob = scratch.file('layer.tar.gz');
  // 300 MB: made when they are wanted, and not kept.
  const makeLayers = (count = LAYERS): Buffer[] => Array.from({ length: count }, (_, index) => rawTar(files(index)));
  const api = new HttpApi(engine.socketPath);
  const question = (name: string, path: string): Benchmark => ({
    name: `explorer, 15,000 files: ${name}`, unit: 'ms', better: 'low', rounds: 10,
    prepare: () => load(api, makeLayers),
    peers: [{ name: engine.name, run: () => timed(() => api.get(`/strata/images/explorer-bench/${path}`, { timeoutMs: 60_000 })) }],
  });
  return [
    {
      name: 'unpacking 4,500 files, 90 MB, with the index of the explorer', unit: 'ms', better: 'low', rounds: 7, target: 1.1,
      prepare: () => writeFile(blob, gzipSync(Buffer.concat(makeLayers(3).map((tar) => tar.subarray(0, tar.length - 1024))))),
      peers: [true, false].map((withIndex) => ({ name: withIndex ? 'with' : 'without', run: () => unpack(blob, scratch, withIndex) })),
    },
    question('layers', 'layers'), question('files of a directory', 'files?path=/usr'), question('all files', 'files?recursive=1'), question('waste', 'waste'),
  ];
}

/** Every layer has directories and files of its own, and replaces some of the layer below. */
function files(layer: number): RawEntry[] {
  const name = (owner: number, index: number): string => `usr/share/layer-${String(owner)}/directory-${String(index % 40)}/file-${String(index)}`;
  return Array.from({ length: FILES_PER_LAYER }, (_, index) => {
    const seed = Buffer.from(`${String(layer)} ${String(index)} `);
    const noise = createHash('sha512').update(seed).digest();
    return { name: name(index % 50 === 0 && layer > 0 ? layer - 1 : layer, index), body: Buffer.alloc(FILE_BYTES, Buffer.concat([noise, seed, Buffer.from('text that repeats itself ')])) };
  });
}

async function unpack(blobPath: string, scratch: Scratch, withIndex: boolean): Promise<number> {
  const directory = scratch.file('unpacked');
  await mkdir(directory);
  try {
    return await timed(() => unpackLayer({ blob: Growth.ofWhole(blobPath), directory, layering: 'stacked', ...(withIndex ? { indexPath: scratch.file('index') } : {}) }));
  } finally {
    rmSync(directory, { recursive: true });
    rmSync(scratch.file('index'), { force: true });
  }
}

/** Loads the image once. */
async function load(api: HttpApi, makeLayers: () => readonly Buffer[]): Promise<void> {
  if ((await api.get('/images/explorer-bench/json')).status === 200) return;
  const layers = makeLayers();
  const config = JSON.stringify({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`) } });
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['explorer-bench:latest'], Layers: layers.map((_, index) => `${String(index)}.tar`) }]);
  const archive = rawTar([...layers.map((body, index) => ({ name: `${String(index)}.tar`, body })), { name: 'config.json', body: config }, { name: 'manifest.json', body: manifest }]);
  await api.call('POST', '/images/load?quiet=1', { body: archive, timeoutMs: 300_000 });
}
