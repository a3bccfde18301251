import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/base/exec.ts';
import { Scratch } from '../../test/fixtures/scratch.ts';
import { findTool } from '../../test/fixtures/requirements.ts';
import { residentMegabytes, type BenchEngine } from '../engines.ts';
import { bareTools, forget, imagePeers, type ImagePeer } from '../image-peers.ts';
import { benchLayout, type Layout, type LayoutName } from '../layouts.ts';
import { type Benchmark, timed } from '../measure.ts';
import { BenchRegistry } from '../registry.ts';
import { writeManyImages } from '../many-images.ts';
import { Requests } from '../requests.ts';

const MANY = 1000;

/** What images cost: the same registry, the same command, the same images for all. Empty where Debian's registry or skopeo is missing. */
export async function imageBenchmarks(engines: readonly BenchEngine[], cleanup: AsyncDisposableStack): Promise<Benchmark[]> {
  const [ours, ...others] = engines;
  if (!ours || ['docker-registry', 'skopeo', 'curl'].some((tool) => findTool(tool) === undefined)) return [];
  const peers = await imagePeers(engines, cleanup);
  const scratch = cleanup.use(await Scratch.create('bimg'));
  let registry: Promise<BenchRegistry> | undefined;
  const publish = async (name: LayoutName): Promise<string[]> => {
    registry ??= BenchRegistry.start([ours.network, ...others.map(({ network }) => network)]).then((started) => cleanup.use(started));
    return (await registry).publish(name, await benchLayout(name));
  };
  return [
    await pullBenchmark('pull: 10 layers, 300 MB, 15,000 files', 'many', { rounds: 5, target: 0.6 }),
    await pullBenchmark('pull: one layer of 80 MB', 'single', { rounds: 5, target: 0.9 }),
    await pullBenchmark('pull: ten images that share layers, at once', 'shared', { rounds: 3, target: 0.5 }),
    ...upToDate(engines, peers, publish),
    ...archiveBenchmarks(peers, scratch),
    ...listBenchmarks(engines, peers, scratch),
    ...memoryBenchmarks(engines, peers, publish),
  ];

  async function pullBenchmark(name: string, layoutName: LayoutName, { rounds, target }: { rounds: number; target: number }): Promise<Benchmark> {
    let names: string[] = [];
    let urls: string[] = [];
    const bare = bareTools((others.at(-1) ?? ours ?? fail()).network, () => urls, cleanup.use(await Scratch.create('bare')));
    return {
      name, unit: 'ms', better: 'low', rounds, target,
      prepare: async () => {
        names = await publish(layoutName);
        urls = await layerUrls(await benchLayout(layoutName), names[0] ?? '');
      },
      peers: [
        ...peers.map((peer) => ({
          name: peer.name,
          run: async () => {
            await forget(peer, names);
            const ms = await timed(() => Promise.all(names.map((image) => peer.pull(image))));
            await forget(peer, names);
            return ms;
          },
        })),
        { name: bare.name, run: async () => { await bare.clear(); return timed(() => bare.run()).finally(() => bare.clear()); } },
      ],
    };
  }
}

function fail(): never {
  throw new Error('there is no engine');
}

/** Where the registry has the layers of all images of a layout, each once. */
async function layerUrls({ path }: Layout, name: string): Promise<string[]> {
  const json = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(path, file), 'utf8')) as T;
  const blob = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  const { manifests } = await json<{ manifests: { digest: string }[] }>('index.json');
  const all = await Promise.all(manifests.map(({ digest }) => json<{ layers: { digest: string }[] }>(blob(digest))));
  const [authority = '', repository = ''] = name.replace(/:[^:/]*$/, '').split('/');
  return [...new Set(all.flatMap(({ layers }) => layers.map(({ digest }) => `http://${authority}/v2/${repository}/blobs/${digest}`)))];
}

/** Through the docker command, whose own start is most of the time, and by the request alone. */
function upToDate(engines: readonly BenchEngine[], peers: readonly ImagePeer[], publish: (name: LayoutName) => Promise<string[]>): Benchmark[] {
  let name = '';
  const prepare = async (): Promise<void> => {
    name = (await publish('many'))[0] ?? '';
    for (const peer of peers) await peer.pull(name);
  };
  return [
    {
      name: 'pull: up to date already', unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare,
      peers: [...peers.map((peer) => ({ name: peer.name, run: () => timed(() => peer.pull(name)) })), commandAlone(engines)],
    },
    {
      name: 'pull: up to date already, the request alone', unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare,
      peers: engines.map((engine) => ({
        name: engine.name,
        run: async () => {
          using requests = new Requests(engine.socketPath, `/v1.41/images/create?fromImage=${encodeURIComponent(name)}`, 'POST');
          return await timed(() => requests.send());
        },
      })),
    },
  ];
}

/** The docker command with nothing to do: the least that anything through it can be. */
function commandAlone([engine]: readonly BenchEngine[]): Benchmark['peers'][number] {
  return { name: 'docker --version', run: () => timed(() => engine?.docker.ok('--version') ?? Promise.resolve()) };
}

/** 500 MB from an archive in docker's own format, as skopeo writes it, and back. */
function archiveBenchmarks(peers: readonly ImagePeer[], scratch: Scratch): Benchmark[] {
  const archive = scratch.file('archive.tar');
  const saved = scratch.file('saved.tar');
  const name = 'archive:latest';
  let made = false;
  const prepare = async (): Promise<void> => {
    if (made) return;
    const { path } = await benchLayout('archive');
    await exec('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${path}:latest`, `docker-archive:${archive}:${name}`], { timeoutMs: 120_000 });
    made = true;
  };
  return [
    {
      name: 'load: 500 MB', unit: 'ms', better: 'low', rounds: 3, target: 0.8, prepare,
      peers: peers.map((peer) => ({ name: peer.name, run: async () => { await forget(peer, [name, `localhost/${name}`]); return timed(() => peer.run('load', '-q', '-i', archive)); } })),
    },
    {
      name: 'save: 500 MB', unit: 'ms', better: 'low', rounds: 3, target: 0.8,
      prepare: async () => { await prepare(); for (const peer of peers) await peer.run('load', '-q', '-i', archive); },
      peers: peers.map((peer) => ({
        name: peer.name,
        run: async () => {
          await rm(saved, { force: true });
          await exec('sync', [], { timeoutMs: 60_000 });
          return timed(() => peer.run('save', '-o', saved, name));
        },
      })),
    },
  ];
}

function listBenchmarks(engines: readonly BenchEngine[], peers: readonly ImagePeer[], scratch: Scratch): Benchmark[] {
  // Podman needs minutes to load them.
  const loading = peers.filter(({ name }) => name !== 'podman');
  const prepare = async (): Promise<void> => {
    const archive = scratch.file('many.tar');
    await writeManyImages(archive, MANY);
    for (const engine of loading) {
      if ((await engine.run('images', '-q')).split('\n').length < MANY) await engine.run('load', '-q', '-i', archive);
    }
  };
  const count = MANY.toLocaleString('en');
  return [
    {
      name: `images: ${count} of them`, unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare,
      peers: [...loading.map((engine) => ({ name: engine.name, run: () => timed(() => engine.run('images')) })), commandAlone(engines)],
    },
    {
      name: `images: ${count} of them, the request alone`, unit: 'ms', better: 'low', rounds: 15, target: 0.5, prepare,
      peers: engines.map((engine) => ({
        name: engine.name,
        run: async () => {
          using requests = new Requests(engine.socketPath, '/v1.41/images/json');
          return await timed(() => requests.send());
        },
      })),
    },
  ];
}

/** Memory of whole engines, with their helpers, sampled while they pull 2 GB. */
function memoryBenchmarks(engines: readonly BenchEngine[], peers: readonly ImagePeer[], publish: (name: LayoutName) => Promise<string[]>): Benchmark[] {
  let name = '';
  const prepare = async (): Promise<void> => { name = (await publish('large'))[0] ?? ''; };
  const sampled = engines.flatMap(({ name: engine, pid }) => {
    const peer = peers.find((one) => one.name === engine);
    return peer === undefined || pid === undefined ? [] : [{ engine, samples: async (): Promise<number[]> => {
      await forget(peer, [name]);
      try {
        return await sampleWhile(pid, peer.pull(name));
      } finally {
        await forget(peer, [name]);
      }
    } }];
  });
  return [
    {
      name: 'engine memory: peak while 2 GB are pulled', unit: 'MB', better: 'low', rounds: 2, limit: 250, prepare,
      peers: sampled.map(({ engine, samples }) => ({ name: engine, run: async () => Math.max(...await samples()) })),
    },
    {
      name: 'engine memory: growth from the first half of that pull to the second', unit: 'MB', better: 'low', rounds: 2, limit: 25, prepare,
      peers: sampled.slice(0, 1).map(({ engine, samples }) => ({
        name: engine,
        run: async () => {
          const all = await samples();
          return Math.max(...all.slice(all.length / 2)) - Math.max(...all.slice(0, all.length / 2));
        },
      })),
    },
  ];
}

async function sampleWhile(pid: number, work: Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  let running = true as boolean;
  const ended = work.finally(() => { running = false; });
  ended.catch(() => undefined);
  while (running) {
    samples.push(await residentMegabytes(pid));
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  await ended;
  return samples;
}
