import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSummary, ProgressMessage } from '../../src/api/wire/image.ts';
import type { Engine } from '../fixtures/engine.ts';
import { rawTar, type RawEntry } from '../fixtures/raw-tar.ts';
import type { Scratch } from '../fixtures/scratch.ts';
import type { RegistryProgram } from '../registry/registry-program.ts';

/** mulberry32: the same numbers for the same seed, on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const FILES_PER_LAYER = 120;
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export interface MixImage {
  /** Name in the registry, with its tag. */
  name: string;
  id: string;
  archive: string;
  /** What a load calls it. */
  loadedAs: string;
}

/** Images that share layers, as archives and in a registry. Every layer holds a list of its own files, so that a half-made one can be told. */
export async function makeMix(scratch: Scratch, registry: RegistryProgram, random: () => number): Promise<MixImage[]> {
  const layers = Array.from({ length: 6 }, (_, index) => makeLayer(index, random));
  const plans = [[0], [0, 1], [0, 1, 2], [0, 3], [4, 5], [4, 5, 3]];
  const images: MixImage[] = [];
  for (const [index, plan] of plans.entries()) {
    const chosen = plan.flatMap((number) => layers[number] ?? []);
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', created: `2024-01-0${index + 1}T00:00:00Z`, config: { Cmd: ['x'] }, rootfs: { type: 'layers', diff_ids: chosen.map((layer) => `sha256:${sha256(layer)}`) } });
    const loadedAs = `loaded${index}:1`;
    const archive = scratch.file(`${index}.tar`);
    const names = chosen.map((_, at) => `layer${at}.tar`);
    await writeFile(archive, rawTar([
      ...chosen.map((body, at) => ({ name: names[at] ?? '', body })), { name: 'config.json', body: config },
      { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: [loadedAs], Layers: names }]) },
    ]));
    const name = await registry.publish(`docker-archive:${archive}`, `image${index}:1`);
    images.push({ name, id: `sha256:${sha256(config)}`, archive, loadedAs });
  }
  return images;
}

function makeLayer(index: number, random: () => number): Buffer {
  const files = Array.from({ length: FILES_PER_LAYER }, (_, at): RawEntry => ({ name: `layer${index}/${at}`, body: Buffer.from(Array.from({ length: 200 + Math.floor(random() * 12_000) }, () => random() * 256)) }));
  const list = files.map(({ name, body = '' }) => `${sha256(Buffer.from(body))} ${name}`).join('\n');
  return rawTar([{ name: 'lists', type: '5' }, { name: `lists/layer${index}`, body: list }, ...files]);
}

/** Names of files in committed layers whose bytes are not those that the layer's own list has. */
export function brokenFiles(dataRoot: string): string[] {
  const broken: string[] = [];
  for (const number of readdirSync(join(dataRoot, 'overlay'))) {
    const tree = join(dataRoot, 'overlay', number, 'fs');
    for (const list of readdirSync(join(tree, 'lists'))) {
      for (const line of readFileSync(join(tree, 'lists', list), 'utf8').split('\n')) {
        const [digest, name = ''] = line.split(' ');
        if (sha256(readFileSync(join(tree, name))) !== digest) broken.push(join(tree, name));
      }
    }
  }
  return broken;
}

/** What names lead to which image: from name with tag to id. */
export type Names = Map<string, string>;

export async function readNames(engine: Engine): Promise<Names> {
  const list = (await engine.api.get('/images/json?all=1')).as<ImageSummary[]>();
  return new Map(list.flatMap(({ Id, RepoTags }) => RepoTags.filter((tag) => tag !== '<none>:<none>').map((tag): [string, string] => [tag, Id])));
}

/** Something that a client asks for, and what it does to names once it has been acknowledged: an id, or undefined for none. */
export interface Operation {
  what: string;
  effects: ReadonlyMap<string, string | undefined>;
  /** @throws Error when the engine refuses, or is no more */
  run(): Promise<void>;
}

export function pullOf(engine: Engine, { name, id }: MixImage): Operation {
  return { what: `pull ${name}`, effects: new Map([[name, id]]), run: async () => { accepted(await engine.api.post(`/images/create?fromImage=${encodeURIComponent(name)}`, undefined, { timeoutMs: 60_000 })); } };
}

/** One operation, chosen by chance over what there is. */
export function chooseOperation(engine: Engine, images: readonly MixImage[], names: Names, random: () => number): Operation {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const [image] = [pick(images)];
  const existing = pick([...names.keys()]);
  const chance = random();
  if (image === undefined) throw new Error('no images');
  if (chance < 0.3) return pullOf(engine, image);
  if (chance < 0.5) {
    return {
      what: `load ${image.loadedAs}`, effects: new Map([[image.loadedAs, image.id]]),
      run: async () => { accepted(await engine.api.post('/images/load', undefined, { body: await readFile(image.archive), timeoutMs: 60_000 })); },
    };
  }
  if (existing === undefined || chance < 0.6) {
    const name = `imported${Math.floor(random() * 3)}:1`;
    return {
      // What id it gets depends on the time: any will do.
      what: `import ${name}`, effects: new Map([[name, ANY]]),
      run: async () => { accepted(await engine.api.post(`/images/create?fromSrc=-&repo=${name.split(':')[0] ?? ''}&tag=1`, undefined, { body: await layerOf(image.archive), timeoutMs: 60_000 })); },
    };
  }
  if (chance < 0.7) {
    const name = `tagged${Math.floor(random() * 4)}:1`;
    return { what: `tag ${existing} ${name}`, effects: new Map([[name, names.get(existing)]]), run: async () => { accepted(await engine.api.post(`/images/${existing}/tag?repo=${name.split(':')[0] ?? ''}&tag=1`)); } };
  }
  if (chance < 0.9) return { what: `rmi ${existing}`, effects: new Map([[existing, undefined]]), run: async () => { accepted(await engine.api.delete(`/images/${existing}`)); } };
  const all = random() < 0.3;
  return {
    what: all ? PRUNE_ALL : 'prune', effects: new Map(),
    run: async () => { accepted(await engine.api.post(`/images/prune?filters=${encodeURIComponent(JSON.stringify({ dangling: [all ? 'false' : 'true'] }))}`)); },
  };
}

export const ANY = 'any image';
export const PRUNE_ALL = 'prune all';

async function layerOf(archive: string): Promise<Buffer> {
  const bytes = await readFile(archive);
  const size = Number.parseInt(bytes.toString('latin1', 124, 135), 8);
  return bytes.subarray(512, 512 + size);
}

function accepted(reply: { status: number; text: string; lines<T>(): T[] }): void {
  if (reply.status >= 400) throw new Error(`${reply.status} ${reply.text}`);
  if (!reply.text.includes('"error"')) return;
  const failure = reply.lines<ProgressMessage>().find(({ error }) => error !== undefined);
  if (failure) throw new Error(failure.error);
}
