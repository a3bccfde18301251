import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import type { HostConfig } from '../../api/wire/container.ts';
import type { OciMount } from '../runtime/oci-spec.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';
import { sharedWith } from './modes.ts';

/** What a container takes from others, or from the machine, at its start. Paths of namespaces are those of a process that runs. */
export interface Sharing {
  pid?: string;
  ipc?: string;
  /** Where its /dev/shm comes from; undefined: a tmpfs of its own inside. */
  shm?: OciMount | 'none';
}

/**
 * `container:NAME` becomes `container:ID`, so that a rename changes nothing. A container whose network is to be shared need not exist yet.
 * @throws InvalidArgumentError for one whose processes or memory are to be shared and that does not exist
 */
export function settleModes(host: HostConfig, registry: ContainerRegistry): Pick<HostConfig, 'NetworkMode' | 'PidMode' | 'IpcMode'> {
  const settle = (mode: string | undefined, mustExist: boolean): string | undefined => {
    const name = sharedWith(mode);
    if (name === undefined) return mode;
    try {
      return `container:${registry.get(name).id}`;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (mustExist) throw new InvalidArgumentError(error.message, { cause: error });
      return mode;
    }
  };
  const settled = { NetworkMode: settle(host.NetworkMode, false), PidMode: settle(host.PidMode, true), IpcMode: settle(host.IpcMode, true) };
  return Object.fromEntries(Object.entries(settled).filter(([, mode]) => mode !== undefined));
}

/** The running container whose network is shared; undefined: none is. @throws NotFoundError, ConflictError in dockerd's words */
export function networkDonor(container: Container, registry: ContainerRegistry): Container | undefined {
  const name = sharedWith(container.record.hostConfig.NetworkMode);
  if (name === undefined) return undefined;
  const donor = registry.get(name);
  if (donor === container) throw new ConflictError('cannot join own network');
  if (!donor.running) throw new ConflictError(`cannot join network of a non running container: ${donor.id}`);
  return donor;
}

/** Whose files name a container: those of the container whose network it is in. */
export function nameOwner(container: Container, registry: ContainerRegistry): Container {
  let owner = container;
  for (let left = registry.list().length; left > 0; left -= 1) {
    const next = registry.find(sharedWith(owner.record.hostConfig.NetworkMode) ?? '');
    if (!next) break;
    owner = next;
  }
  return owner;
}

/** @throws NotFoundError, ConflictError in dockerd's words */
export function resolveSharing(container: Container, registry: ContainerRegistry): Sharing {
  const { hostConfig } = container.record;
  const pidDonor = sharedWith(hostConfig.PidMode);
  return { ...(pidDonor === undefined ? {} : { pid: namespaceOf(running(registry.get(pidDonor), (donor) => `cannot join PID of a non running container: ${donor.id}`), 'pid') }), ...ipcSharing(container, registry) };
}

function ipcSharing(container: Container, registry: ContainerRegistry): Pick<Sharing, 'ipc' | 'shm'> {
  const mode = container.record.hostConfig.IpcMode ?? '';
  if (mode === 'none') return { shm: 'none' };
  if (mode === 'host') return { shm: bindShm('/dev/shm') };
  if (mode === 'shareable') return { shm: bindShm(container.paths.shm) };
  const name = sharedWith(mode);
  if (name === undefined) return {};
  const donor = running(registry.get(name), ({ id }) => `can't join IPC of container ${id}: container ${id} is not running`);
  const donorMode = donor.record.hostConfig.IpcMode ?? '';
  if (donorMode !== 'shareable' && donorMode !== 'host') throw new ConflictError(`can't join IPC of container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
  return { ipc: namespaceOf(donor, 'ipc'), shm: bindShm(donorMode === 'host' ? '/dev/shm' : donor.paths.shm) };
}

function running(donor: Container, refusal: (donor: Container) => string): Container {
  if (!donor.running) throw new ConflictError(refusal(donor));
  return donor;
}

/** The namespace of a donor's first process. */
export function namespaceOf(donor: Container, kind: 'pid' | 'ipc' | 'net'): string {
  return join('/proc', String(donor.record.state.pid), 'ns', kind);
}

function bindShm(source: string): OciMount {
  return { destination: '/dev/shm', type: 'bind', source, options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'] };
}

const INITS = ['/usr/bin/docker-init', '/usr/bin/tini-static', '/usr/bin/catatonit', '/usr/libexec/podman/catatonit'];

/** The small init of this machine, which runs in any image because it is linked statically. @throws InvalidArgumentError that says how to get one */
export function findInit(): string {
  const path = INITS.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new InvalidArgumentError('--init needs tini or catatonit on the machine of the engine: apt-get install tini');
  return path;
}
