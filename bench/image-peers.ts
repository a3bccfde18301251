import { readdir, rm } from 'node:fs/promises';
import { exec } from '../src/base/exec.ts';
import type { NetworkNamespace } from '../test/fixtures/network-namespace.ts';
import { findTool } from '../test/fixtures/requirements.ts';
import { Scratch } from '../test/fixtures/scratch.ts';
import type { BenchEngine } from './engines.ts';

/** Something that has images: an engine behind the docker command, or podman. */
export interface ImagePeer {
  name: string;
  /** Runs a command of docker's grammar to its end. */
  run(...args: string[]): Promise<string>;
  pull(name: string): Promise<unknown>;
}

/** The engines in their order, then podman where it is installed, in the last engine's network. */
export async function imagePeers(engines: readonly BenchEngine[], cleanup: AsyncDisposableStack): Promise<ImagePeer[]> {
  const peers = engines.map(({ name, docker }): ImagePeer => ({ name, run: (...args) => docker.ok(...args), pull: (image) => docker.ok('pull', '-q', image) }));
  const network = engines.at(-1)?.network;
  if (network !== undefined && findTool('podman') !== undefined) peers.push(podman(network, cleanup.use(await Scratch.create('pod'))));
  return peers;
}

function podman(network: NetworkNamespace, scratch: Scratch): ImagePeer {
  const run = async (...args: string[]): Promise<string> => {
    const [file = '', ...rest] = network.enter(['podman', '--root', scratch.file('root'), '--runroot', scratch.file('run'), '--cgroup-manager', 'cgroupfs', ...args]);
    return (await exec(file, rest, { timeoutMs: 120_000, env: { ...process.env, HOME: scratch.path, TMPDIR: scratch.path } })).stdout;
  };
  return { name: 'podman', run, pull: (image) => run('pull', '-q', '--tls-verify=false', image) };
}

/** No image of these names, and nothing that the disk still has to do for what went before. */
export async function forget(peer: ImagePeer, names: readonly string[]): Promise<void> {
  await peer.run('rmi', '-f', ...names).catch(() => undefined);
  await exec('sync', [], { timeoutMs: 60_000 });
}

/** The least that a pull can be, with no engine: curl, gunzip and tar for every layer, two at once, into directories. */
export function bareTools(network: NetworkNamespace, layerUrls: () => readonly string[], scratch: Scratch): { name: string; run: () => Promise<void>; clear: () => Promise<void> } {
  return {
    name: 'curl|gunzip|tar',
    run: async () => {
      const [file = '', ...args] = network.enter(['xargs', '-P2', '-I@', 'sh', '-c', 'd=$(mktemp -d -p "$0") && curl -sf @ | gunzip | tar -x -C "$d"', scratch.path]);
      await exec(file, args, { input: layerUrls().join('\n'), timeoutMs: 120_000 });
    },
    clear: async () => {
      for (const name of await readdir(scratch.path)) await rm(scratch.file(name), { recursive: true });
      await exec('sync', [], { timeoutMs: 60_000 });
    },
  };
}
