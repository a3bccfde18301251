import type { Command } from './grammar/command.ts';

/** A command in the table: light, because every call of the program reads all of it. The rest is loaded when it is needed. */
export interface Entry {
  /** Every path that leads here. The first is the one that messages use when it is typed in full. */
  readonly names: readonly string[];
  readonly summary: string;
  load(): Promise<Command>;
}

/** Nouns: `strata container ls`. */
export const GROUPS: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  machine: 'Manage the virtual machine that containers run in',
  network: 'Manage networks',
  system: 'Manage the engine',
  volume: 'Manage volumes',
};

/** Listed first in `strata --help`, in this order. */
export const COMMON: readonly string[] = ['run', 'exec', 'ps', 'images', 'load', 'logs', 'version', 'info', 'gui'];

export const COMMANDS: readonly Entry[] = [
  { names: ['container attach', 'attach'], summary: 'Attach to the input, output and errors of a running container', load: async () => (await import('./commands/container/attach.ts')).attach },
  { names: ['container commit', 'commit'], summary: 'Make an image of a container', load: async () => (await import('./commands/container/commit.ts')).commit },
  { names: ['container cp', 'cp'], summary: 'Copy files between a container and this machine', load: async () => (await import('./commands/container/cp.ts')).cp },
  { names: ['container create', 'create'], summary: 'Create a container without starting it', load: async () => (await import('./commands/container/create.ts')).create },
  { names: ['container diff', 'diff'], summary: 'Show what has changed in the file system of a container', load: async () => (await import('./commands/container/diff.ts')).diff },
  { names: ['container exec', 'exec'], summary: 'Run a command in a running container', load: async () => (await import('./commands/container/exec.ts')).exec },
  { names: ['container export', 'export'], summary: 'Write the file system of a container to a tar archive', load: async () => (await import('./commands/container/export.ts')).exportCommand },
  { names: ['container inspect'], summary: 'Show everything about containers', load: async () => (await import('./commands/container/inspect.ts')).inspectContainers },
  { names: ['container kill', 'kill'], summary: 'Send a signal to running containers (SIGKILL unless told otherwise)', load: async () => (await import('./commands/container/kill.ts')).kill },
  { names: ['container logs', 'logs'], summary: 'Show what a container has written', load: async () => (await import('./commands/container/logs.ts')).logs },
  { names: ['container ls', 'container list', 'container ps', 'ps'], summary: 'List containers', load: async () => (await import('./commands/container/ls.ts')).listContainersCommand },
  { names: ['container pause', 'pause'], summary: 'Pause all processes of containers', load: async () => (await import('./commands/container/pause.ts')).pause },
  { names: ['container port', 'port'], summary: 'List the published ports of a container', load: async () => (await import('./commands/container/port.ts')).port },
  { names: ['container rename', 'rename'], summary: 'Rename a container', load: async () => (await import('./commands/container/rename.ts')).rename },
  { names: ['container restart', 'restart'], summary: 'Restart containers', load: async () => (await import('./commands/container/restart.ts')).restart },
  { names: ['container rm', 'container remove', 'rm'], summary: 'Remove containers', load: async () => (await import('./commands/container/rm.ts')).remove },
  { names: ['container run', 'run'], summary: 'Create and run a new container from an image', load: async () => (await import('./commands/container/run.ts')).run },
  { names: ['container start', 'start'], summary: 'Start stopped containers', load: async () => (await import('./commands/container/start.ts')).start },
  { names: ['container stats', 'stats'], summary: 'Show what containers use of processor, memory, network and disk', load: async () => (await import('./commands/container/stats.ts')).stats },
  { names: ['container stop', 'stop'], summary: 'Stop running containers', load: async () => (await import('./commands/container/stop.ts')).stop },
  { names: ['container top', 'top'], summary: 'Show the processes of a container', load: async () => (await import('./commands/container/top.ts')).top },
  { names: ['container unpause', 'unpause'], summary: 'Let paused containers go on', load: async () => (await import('./commands/container/pause.ts')).unpause },
  { names: ['container update', 'update'], summary: 'Change limits and restart policies of containers', load: async () => (await import('./commands/container/update.ts')).update },
  { names: ['container wait', 'wait'], summary: 'Wait until containers stop, then print their exit codes', load: async () => (await import('./commands/container/wait.ts')).wait },

  { names: ['image diff'], summary: 'Show how the files of two images differ', load: async () => (await import('./commands/image/diff.ts')).diff },
  { names: ['image files'], summary: 'Show the files of an image, and which layers put them there', load: async () => (await import('./commands/image/files.ts')).files },
  { names: ['image history', 'history'], summary: 'Show the layers of an image', load: async () => (await import('./commands/image/history.ts')).history },
  { names: ['image inspect'], summary: 'Show everything about images', load: async () => (await import('./commands/image/inspect.ts')).inspectImages },
  { names: ['image layers'], summary: 'Show what each layer of an image did, and what deleting it frees', load: async () => (await import('./commands/image/layers.ts')).layers },
  { names: ['image load', 'load'], summary: 'Load images from a tar archive or standard input', load: async () => (await import('./commands/image/load.ts')).load },
  { names: ['image ls', 'image list', 'images'], summary: 'List images', load: async () => (await import('./commands/image/ls.ts')).listImagesCommand },
  { names: ['image pull', 'pull'], summary: 'Download an image from a registry', load: async () => (await import('./commands/image/pull.ts')).pull },
  { names: ['image push', 'push'], summary: 'Upload an image to a registry', load: async () => (await import('./commands/image/push.ts')).push },
  { names: ['image rm', 'image remove', 'rmi'], summary: 'Remove images', load: async () => (await import('./commands/image/rm.ts')).removeImages },
  { names: ['image save', 'save'], summary: 'Save images to a tar archive', load: async () => (await import('./commands/image/save.ts')).save },
  { names: ['image tag', 'tag'], summary: 'Give an image another name', load: async () => (await import('./commands/image/tag.ts')).tag },
  { names: ['image waste'], summary: 'Show what an image stores and nobody sees', load: async () => (await import('./commands/image/waste.ts')).waste },

  { names: ['machine ls', 'machine list'], summary: 'List machines', load: async () => (await import('./commands/machine/ls.ts')).listMachines },
  { names: ['machine reset'], summary: 'Stop a machine and delete its images, containers and volumes', load: async () => (await import('./commands/machine/reset.ts')).resetMachine },
  { names: ['machine restart'], summary: 'Stop a machine and start it again', load: async () => (await import('./commands/machine/restart.ts')).restartMachine },
  { names: ['machine rm', 'machine remove'], summary: 'Delete a machine and everything in it', load: async () => (await import('./commands/machine/rm.ts')).removeMachine },
  { names: ['machine ssh'], summary: 'Open a shell in a machine, or run a command there', load: async () => (await import('./commands/machine/ssh.ts')).machineShell },
  { names: ['machine start'], summary: 'Start a machine and wait until its engine answers', load: async () => (await import('./commands/machine/start.ts')).startMachine },
  { names: ['machine status'], summary: 'Show what a machine is doing', load: async () => (await import('./commands/machine/status.ts')).machineStatus },
  { names: ['machine stop'], summary: 'Stop a machine', load: async () => (await import('./commands/machine/stop.ts')).stopMachine },

  { names: ['network connect'], summary: 'Connect a container with a network', load: async () => (await import('./commands/network/connect.ts')).connectNetworkCommand },
  { names: ['network create'], summary: 'Create a network', load: async () => (await import('./commands/network/create.ts')).createNetworkCommand },
  { names: ['network disconnect'], summary: 'Take a container out of a network', load: async () => (await import('./commands/network/connect.ts')).disconnectNetworkCommand },
  { names: ['network inspect'], summary: 'Show everything about networks', load: async () => (await import('./commands/network/inspect.ts')).inspectNetworks },
  { names: ['network ls', 'network list'], summary: 'List networks', load: async () => (await import('./commands/network/ls.ts')).listNetworksCommand },
  { names: ['network rm', 'network remove'], summary: 'Remove networks', load: async () => (await import('./commands/network/rm.ts')).removeNetworks },

  { names: ['system check'], summary: 'Verify that all images, layers and containers are whole', load: async () => (await import('./commands/system/check.ts')).check },
  { names: ['system events', 'events'], summary: 'Follow what happens in the engine', load: async () => (await import('./commands/system/events.ts')).eventsCommand },
  { names: ['system info', 'info'], summary: 'Show facts about the engine and its machine', load: async () => (await import('./commands/system/info.ts')).infoCommand },
  { names: ['system install-service'], summary: 'Let systemd run the engine on this Linux machine, without a VM', load: async () => (await import('./commands/system/service.ts')).installService },
  { names: ['system remove-service'], summary: 'Undo install-service', load: async () => (await import('./commands/system/service.ts')).removeService },

  { names: ['volume clone'], summary: 'Make a volume with the data of another', load: async () => (await import('./commands/volume/clone.ts')).cloneVolumeCommand },
  { names: ['volume create'], summary: 'Create a volume', load: async () => (await import('./commands/volume/create.ts')).createVolumeCommand },
  { names: ['volume export'], summary: 'Write the data of a volume to an archive', load: async () => (await import('./commands/volume/export.ts')).exportVolumeCommand },
  { names: ['volume import'], summary: 'Fill a volume from an archive', load: async () => (await import('./commands/volume/import.ts')).importVolumeCommand },
  { names: ['volume inspect'], summary: 'Show everything about volumes', load: async () => (await import('./commands/volume/inspect.ts')).inspectVolumes },
  { names: ['volume ls', 'volume list'], summary: 'List volumes', load: async () => (await import('./commands/volume/ls.ts')).listVolumesCommand },
  { names: ['volume rm', 'volume remove'], summary: 'Remove volumes', load: async () => (await import('./commands/volume/rm.ts')).removeVolumes },

  { names: ['container explain', 'explain'], summary: 'Say why a container is as it is', load: async () => (await import('./commands/container/explain.ts')).explain },
  { names: ['gui'], summary: 'Open the interface', load: async () => (await import('./commands/gui.ts')).gui },
  { names: ['inspect'], summary: 'Show everything about containers, images, volumes and networks', load: async () => (await import('./commands/inspect.ts')).inspect },
  { names: ['login'], summary: 'Log in to a registry', load: async () => (await import('./commands/registry/login.ts')).login },
  { names: ['logout'], summary: 'Log out from a registry', load: async () => (await import('./commands/registry/logout.ts')).logout },
  { names: ['search'], summary: 'Search a registry for images', load: async () => (await import('./commands/registry/search.ts')).search },
  { names: ['version'], summary: 'Show the versions of command and engine', load: async () => (await import('./commands/version.ts')).versionCommand },
];

/** The command that `path` leads to. */
export function findCommand(path: string): Entry | undefined {
  return COMMANDS.find((entry) => entry.names.includes(path));
}

/** Names under `group` (`container`), or at the top for ''. */
export function namesIn(group: string): string[] {
  const prefix = group === '' ? '' : `${group} `;
  return COMMANDS.flatMap((entry) => entry.names.filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes(' ')).map((name) => name.slice(prefix.length)));
}
