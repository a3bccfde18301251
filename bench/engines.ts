import { readFile, readdir } from 'node:fs/promises';
import { DockerCli } from '../test/fixtures/docker-cli.ts';
import { Dockerd } from '../test/fixtures/dockerd.ts';
import { Engine } from '../test/fixtures/engine.ts';
import { testImages } from '../test/fixtures/images.ts';
import type { NetworkNamespace } from '../test/fixtures/network-namespace.ts';
import { findTool } from '../test/fixtures/requirements.ts';

/** An engine under measurement, with the docker command aimed at it. */
export interface BenchEngine {
  name: string;
  socketPath: string;
  docker: DockerCli;
  /** Of the engine itself, without its containers' helpers. */
  pid: number | undefined;
  network: NetworkNamespace;
}

/** Our engine and, where it is installed, stock dockerd, both native, both with the same busybox image. First ours. */
export async function benchEngines(cleanup: AsyncDisposableStack): Promise<BenchEngine[]> {
  const images = await testImages();
  const engine = cleanup.use(await Engine.start());
  const list: BenchEngine[] = [{ name: 'strata', socketPath: engine.socketPath, docker: cleanup.use(await DockerCli.create(engine.socketPath)), pid: engine.pid, network: engine.network }];
  if (findTool('dockerd') !== undefined) {
    const dockerd = cleanup.use(await Dockerd.start());
    list.push({ name: 'dockerd', socketPath: dockerd.socketPath, docker: cleanup.use(await DockerCli.create(dockerd.socketPath)), pid: dockerd.pid, network: dockerd.network });
  }
  for (const { docker } of list) await docker.ok('load', '-q', '-i', images.busybox);
  return list;
}

/** Resident memory of a process and its children, MB. */
export async function residentMegabytes(pid: number): Promise<number> {
  return sumOf(pid, async (one) => Number(/VmRSS:\s*(\d+)/.exec(await readFile(`/proc/${String(one)}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}

/** Processor time of a process and its children so far. The kernel counts in hundredths of a second. */
export async function cpuSeconds(pid: number): Promise<number> {
  return sumOf(pid, async (one) => {
    const [user, system] = (await statOf(one)).slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  });
}

export async function parentOf(pid: number): Promise<number> {
  return Number((await statOf(pid))[1]);
}

/** What follows a process's name. Source: proc_pid_stat(5). */
async function statOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

async function sumOf(pid: number, figure: (pid: number) => Promise<number>): Promise<number> {
  const own = await figure(pid);
  const tasks = await readdir(`/proc/${String(pid)}/task`).catch(() => []);
  const children = await Promise.all(tasks.map((task) => readFile(`/proc/${String(pid)}/task/${task}/children`, 'utf8').catch(() => '')));
  const pids = children.join(' ').split(' ').filter((text) => text.trim() !== '').map(Number);
  const below = await Promise.all(pids.map((child) => sumOf(child, figure).catch(() => 0)));
  return own + below.reduce((sum, value) => sum + value, 0);
}
