import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { constants, createGzip } from 'node:zlib';
import { rawTar } from '../test/fixtures/raw-tar.ts';
import { FileMaker, type LayerShape } from './file-maker.ts';

/** An OCI layout with one or more images, each under a tag of its own. */
export interface Layout {
  path: string;
  tags: readonly string[];
}

interface ImageShape {
  tag: string;
  layers: readonly LayerShape[];
}

const MB = 1_000_000;
const BUILD = fileURLToPath(new URL('../build/bench-images/', import.meta.url));
const SOURCES = ['./layouts.ts', './file-maker.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url)));

const layersOf = (seed: string, megabytes: readonly number[], filesPerMegabyte: number): LayerShape[] =>
  megabytes.map((size, index) => ({ seed: `${seed}-${String(index)}`, bytes: size * MB, files: Math.max(1, Math.round(size * filesPerMegabyte)) }));

/** What is measured. Sizes are of the files; as they travel (gzip, level 6) images have about half of that. */
const SHAPES = {
  /** 10 layers, 300 MB, 15,000 files, in sizes as real images have them: large at the bottom. */
  many: () => [{ tag: 'latest', layers: layersOf('many', [80, 60, 40, 30, 25, 20, 15, 12, 10, 8], 50) }],
  /** One layer that travels as 80 MB. */
  single: () => [{ tag: 'latest', layers: layersOf('single', [160], 10) }],
  /** Ten images over the same 100 MB. */
  shared: () => Array.from({ length: 10 }, (_, index) => ({ tag: `v${String(index)}`, layers: [...layersOf('shared', [40, 30, 20, 10], 40), ...layersOf(`own-${String(index)}`, [5, 2], 40)] })),
  /** 2 GB. */
  large: () => [{ tag: 'latest', layers: layersOf('large', [600, 500, 400, 300, 200], 5) }],
  /** 500 MB, for load and save. */
  archive: () => [{ tag: 'latest', layers: layersOf('archive', [200, 120, 80, 60, 40], 20) }],
} satisfies Record<string, () => ImageShape[]>;

export type LayoutName = keyof typeof SHAPES;

/** Makes the layout once per content of this recipe, the same bytes on every machine; afterwards it comes from `build/bench-images/`. */
export async function benchLayout(name: LayoutName): Promise<Layout> {
  const recipe = createHash('sha256');
  for (const source of SOURCES) recipe.update(await readFile(source));
  const path = join(BUILD, `${name}-${recipe.digest('hex').slice(0, 12)}`);
  const images = SHAPES[name]();
  const tags = images.map(({ tag }) => tag);
  if (await access(path).then(() => true, () => false)) return { path, tags };
  await mkdir(BUILD, { recursive: true });
  const making = await mkdtemp(join(BUILD, 'making-'));
  try {
    await mkdir(join(making, 'blobs/sha256'), { recursive: true });
    await writeLayout(making, images);
    await rename(making, path);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return { path, tags };
}

interface Blob { mediaType: string; digest: string; size: number }
interface Layer { descriptor: Blob; diffId: string }

async function writeLayout(root: string, images: readonly ImageShape[]): Promise<void> {
  const made = new Map<string, Layer>();
  const manifests: object[] = [];
  for (const { tag, layers } of images) {
    const parts: Layer[] = [];
    for (const shape of layers) {
      const layer = made.get(shape.seed) ?? await writeLayer(root, shape);
      made.set(shape.seed, layer);
      parts.push(layer);
    }
    const config = await writeJson(root, 'application/vnd.oci.image.config.v1+json', {
      created: '2024-01-01T00:00:00Z', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { Cmd: ['/bin/true'], Labels: { tag } },
      rootfs: { type: 'layers', diff_ids: parts.map(({ diffId }) => diffId) }, history: parts.map((_, index) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${String(index)}` })),
    });
    const manifest = await writeJson(root, 'application/vnd.oci.image.manifest.v1+json', {
      schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: parts.map(({ descriptor }) => descriptor),
    });
    manifests.push({ ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } });
  }
  await writeFile(join(root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(root, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

async function writeJson(root: string, mediaType: string, value: object): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(root, 'blobs/sha256', hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

async function writeLayer(root: string, shape: LayerShape): Promise<Layer> {
  const [plain, packed] = [createHash('sha256'), createHash('sha256')];
  const count = { bytes: 0 };
  const temporary = join(root, 'layer');
  await pipeline(
    Readable.from(tarOf(shape, plain)), createGzip({ level: constants.Z_DEFAULT_COMPRESSION, chunkSize: 256 * 1024 }),
    async function* hashed(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        packed.update(chunk);
        count.bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(temporary),
  );
  const hex = packed.digest('hex');
  await rename(temporary, join(root, 'blobs/sha256', hex));
  return { descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size: count.bytes }, diffId: `sha256:${plain.digest('hex')}` };
}

function* tarOf(shape: LayerShape, hash: Hash): Generator<Buffer, void, undefined> {
  for (const entry of new FileMaker(shape.seed).entries(shape)) {
    const bytes = rawTar([entry], false);
    hash.update(bytes);
    yield bytes;
  }
  const end = rawTar([]);
  hash.update(end);
  yield end;
}
