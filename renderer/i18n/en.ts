/** English: the language that every other one is checked against. Plurals are `one | other`. */
export const en = {
  app: { name: 'Strata', skip: 'Skip to content', navigation: 'Main', loading: 'Loading' },
  nav: { containers: 'Containers', images: 'Images', machine: 'Machine', preferences: 'Preferences' },
  preferences: {
    theme: 'Theme', language: 'Language',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    locales: { en: 'English', zh: '中文' },
  },
  common: {
    cancel: 'Cancel', copy: 'Copy', copied: 'Copied', copyDetail: 'Copy details', retry: 'Try again',
    none: 'None', more: 'More actions for {name}', clear: 'Clear the filter', noMatch: 'Nothing matches “{query}”.', actions: 'Actions',
    details: 'Details',
  },
  status: {
    machine: 'Machine', noMachine: 'no machine',
    engineVersion: 'Engine {version} · API {api}', connecting: 'Connecting to the engine…', lost: 'Engine not reachable', retryIn: 'next try in {seconds} s',
    counts: '{running} of {total} running',
  },
  link: {
    title: 'The engine cannot be reached',
    body: 'What you see is the last that was known. The window keeps trying and will be up to date again by itself.',
  },
  state: { created: 'Created', running: 'Running', paused: 'Paused', restarting: 'Restarting', removing: 'Removing', exited: 'Exited', dead: 'Dead' },
  health: { healthy: 'healthy', unhealthy: 'unhealthy', starting: 'health: starting' },
  containers: {
    title: 'Containers', count: 'no containers | {n} container | {n} containers',
    name: 'Name', state: 'State', image: 'Image', ports: 'Ports', created: 'Created',
    all: 'All', onlyRunning: 'Running', show: 'Show', filter: 'Filter by name, image or id', exitCode: 'Exited ({code})',
    start: 'Start', stop: 'Stop', restart: 'Restart', kill: 'Kill', remove: 'Remove', copyId: 'Copy id',
    startName: 'Start {name}', stopName: 'Stop {name}', removeName: 'Remove {name}',
    busy: { start: 'Starting…', stop: 'Stopping…', restart: 'Restarting…', kill: 'Killing…', remove: 'Removing…' },
    failed: {
      start: '“{name}” could not be started', stop: '“{name}” could not be stopped', restart: '“{name}” could not be restarted',
      kill: '“{name}” could not be killed', remove: '“{name}” could not be removed',
    },
    confirmRemove: {
      title: 'Remove “{name}”?', body: 'The container, its log and what it has written are deleted. Its image and its named volumes stay.',
      running: 'It is running and will be killed. The container, its log and what it has written are deleted. Its image and its named volumes stay.',
    },
    empty: {
      title: 'No containers yet', body: 'A container is a running copy of an image. Start your first one in a terminal; it appears here by itself.',
      images: 'See the images that are here',
    },
    emptyRunning: { title: 'Nothing is running', body: 'There are containers, but none of them runs now.', action: 'Show all' },
    tabs: { logs: 'Logs', details: 'Details', inspect: 'Inspect' },
    gone: { title: 'This container is gone', body: 'It has been removed, here or by somebody else.', back: 'To all containers' },
    detail: {
      id: 'Id', image: 'Image', command: 'Command', created: 'Created', started: 'Started', finished: 'Finished', exit: 'Exit status', restartPolicy: 'Restart policy',
      user: 'User', workdir: 'Working directory', hostname: 'Host name', environment: 'Environment', mounts: 'Mounts', networks: 'Networks', ports: 'Ports', labels: 'Labels',
      general: 'General', gateway: 'Gateway', readOnly: 'read-only', oom: 'killed for lack of memory', pid: 'Process',
    },
    inspect: 'Everything that the engine knows about this container, as JSON',
  },
  logs: {
    region: 'Log of {name}', lines: 'no lines | {n} line | {n} lines', timestamps: 'Times', stderr: 'stderr', follow: 'Newest', newLines: '{n} new',
    empty: 'This container has not written anything yet.', dropped: 'The oldest {n} lines were let go to save memory.', ended: 'The log ends here: the container does not run.',
    lost: 'The log was interrupted.', copy: 'Copy all', streams: 'Lines with a mark at the left come from stderr.', loading: 'Reading the log…',
  },
  images: {
    title: 'Images', count: 'no images | {n} image | {n} images', total: '{size} on disk',
    name: 'Name', id: 'Id', size: 'Size', created: 'Created', usedBy: 'In use', filter: 'Filter by name or id',
    unnamed: 'no name', users: 'not used | {n} container | {n} containers', shared: '{own} of its own, {shared} shared with other images',
    run: 'Run', runName: 'Run {name}', remove: 'Remove', removeName: 'Remove {name}', moreNames: '+{n}',
    failed: { remove: '“{name}” could not be removed', run: '“{name}” could not be run' },
    confirmRemove: { title: 'Remove “{name}”?', body: 'The image is deleted from this machine. It has to be loaded or pulled again before it can be run.', names: 'All its names go: {names}.' },
    empty: { title: 'No images yet', body: 'An image is what a container starts from: a stack of read-only layers. Load one from an archive in a terminal.' },
  },
  machine: {
    title: 'Machine', name: 'Machine “{name}”', driver: 'Driver', accelerator: 'Accelerator', cpus: 'Processors', memory: 'Memory', disk: 'Data disk', diskUsed: '{used} of {size} used',
    image: 'Guest image', endpoint: 'Engine socket', uptime: 'Up for', pid: 'Agent · VM process',
    states: { stopped: 'Stopped', starting: 'Starting', running: 'Running', stopping: 'Stopping', error: 'Failed', unknown: 'Unknown' },
    start: 'Start', stop: 'Stop', restart: 'Restart', phases: 'Start, step by step', phase: 'Step', took: 'Took', total: 'Ready after {time}', running: 'running…', waiting: 'waits',
    phaseNames: {
      probe: 'Find a working accelerator', disk: 'Prepare the disks', boot: 'Start the virtual machine', kernel: 'Boot the kernel', init: 'Start the guest',
      'data-disk': 'Mount the data disk', network: 'Bring up the network', ssh: 'Connect to the guest', engine: 'Start the engine', forward: 'Forward the engine socket',
      running: 'While running', stop: 'While stopping',
    },
    accelerators: { tcg: 'none: every instruction is emulated', kvm: 'KVM', hvf: 'Hypervisor.framework', whpx: 'Windows Hypervisor Platform', none: 'not needed: the engine runs on this system' },
    drivers: { qemu: 'QEMU virtual machine', native: 'this system, without a virtual machine', vfkit: 'Virtualization.framework', wsl2: 'WSL 2' },
    warnings: 'Works, but less well than it could', failure: 'The machine failed', failedIn: 'Step', cause: 'Cause', remedy: 'What to do', console: 'Console of the guest',
    consoleHint: 'The last lines that the guest’s kernel and init have written.', showConsole: 'Show', refreshConsole: 'Read again', emptyConsole: 'The console is empty.',
    confirmStop: { title: 'Stop the machine?', body: 'All running containers are stopped. Nothing is deleted.' },
    confirmRestart: { title: 'Restart the machine?', body: 'All running containers are stopped and the virtual machine boots again. Nothing is deleted.' },
    absent: { title: 'No machine here', body: 'This window shows an engine that no machine of Strata runs, so there is nothing to start or stop.' },
    off: { title: 'The machine is off', body: 'Containers and images live inside of a small Linux machine. Start it to see them.', action: 'Start the machine' },
    turningOn: { title: 'The machine is starting', body: 'This takes a few seconds. Containers and images appear as soon as the engine answers.', action: 'Watch it start' },
    failed: { title: 'The machine could not start', action: 'See what happened' },
    lost: 'The state of the machine is not known: its agent does not answer.',
  },
  remedy: {
    title: 'What to do', startMachine: 'See on the Machine page whether the machine runs, and start it.', reload: 'Open the window again with `strata gui`.',
    stopFirst: 'Stop it first.', removeContainersFirst: 'Remove the containers that use it first.', gone: 'It is no longer there: the list shows what is.', retry: 'Try again. If it fails again, copy the details into a report.',
  },
  notices: { region: 'Messages', dismiss: 'Dismiss' },
};

export type Messages = typeof en;
