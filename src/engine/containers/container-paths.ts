import { join } from 'node:path';

/** Where the files of a container lie. */
export interface ContainerPaths {
  /** On disk, as long as the container exists. */
  directory: string;
  logFile: string;
  hosts: string;
  hostname: string;
  resolvConf: string;
  /** In the exec root, as long as it runs. */
  runDirectory: string;
  rootfs: string;
  bundle: string;
  process: string;
  networkNamespace: string;
  /** The shared memory of a container that lets others have it. */
  shm: string;
  /** Places for what is mounted into it and is no directory of this machine: parts of volumes, images. */
  places: string;
}

export function containerPaths(roots: { dataRoot: string; execRoot: string }, id: string): ContainerPaths {
  const directory = join(roots.dataRoot, 'containers', id);
  // Short names: the path of a unix socket under it has at most 107 bytes.
  const runDirectory = join(roots.execRoot, 'c', id.slice(0, 24));
  return {
    directory, logFile: join(directory, 'output.log'), hosts: join(directory, 'hosts'), hostname: join(directory, 'hostname'), resolvConf: join(directory, 'resolv.conf'),
    runDirectory, rootfs: join(runDirectory, 'rootfs'), bundle: join(runDirectory, 'bundle'), process: join(runDirectory, 'init'),
    networkNamespace: join(roots.execRoot, 'netns', id.slice(0, 24)), shm: join(runDirectory, 'shm'), places: join(runDirectory, 'places'),
  };
}
