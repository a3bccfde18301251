import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import { InvalidArgumentError } from '../../api/errors.ts';

/** The container that `container:NAME` names; undefined for other modes. */
export function sharedWith(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') === true ? mode.slice('container:'.length) : undefined;
}

/** Namespaces, and what does not go together with them, in dockerd's words. Pure. @throws InvalidArgumentError */
export function checkModes(host: HostConfig, config: ContainerConfig): void {
  const network = host.NetworkMode ?? '';
  if (sharedWith(network) === '') throw new InvalidArgumentError('Invalid network mode: invalid container format container:<name|id>');
  if (host.UTSMode === 'host' && config.Hostname) throw new InvalidArgumentError('conflicting options: hostname and the UTS mode');
  if (network === 'host' && host.Links?.length) throw new InvalidArgumentError("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
  if (sharedWith(network) !== undefined) checkSharedNetwork(host, config);
  oneOf('cgroup namespace mode', host.CgroupnsMode, ['', 'private', 'host']);
  oneOf('UTS mode', host.UTSMode, ['', 'host']);
  oneOf('IPC mode', host.IpcMode, ['', 'private', 'shareable', 'none', 'host'], true);
  oneOf('PID mode', host.PidMode, ['', 'host'], true);
  oneOf('user namespace mode', host.UsernsMode, ['', 'host']);
  if (!['', 'default'].includes((host.Isolation ?? '').toLowerCase())) throw new InvalidArgumentError(`Invalid isolation: "${host.Isolation ?? ''}" - linux only supports 'default'`);
}

function checkSharedNetwork(host: HostConfig, config: ContainerConfig): void {
  const conflicts: [boolean, string][] = [
    [Boolean(config.Hostname), 'conflicting options: hostname and the network mode'],
    [Boolean(host.Links?.length), "conflicting options: container type network can't be used with links. This would result in undefined behavior"],
    [Boolean(host.Dns?.length), 'conflicting options: dns and the network mode'],
    [Boolean(host.ExtraHosts?.length), 'conflicting options: custom host-to-IP mapping and the network mode'],
    [Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts === true, 'conflicting options: port publishing and the container type network mode'],
    [Object.keys(config.ExposedPorts ?? {}).length > 0, 'conflicting options: port exposing and the container type network mode'],
  ];
  const conflict = conflicts.find(([present]) => present);
  if (conflict) throw new InvalidArgumentError(conflict[1]);
}

function oneOf(what: string, value: string | undefined, allowed: readonly string[], orContainer = false): void {
  if (value === undefined || allowed.includes(value) || (orContainer && sharedWith(value))) return;
  throw new InvalidArgumentError(`invalid ${what}: ${value}`);
}

/** A network that somebody has made, in which containers find each other by name. */
export function hasNames(networkMode = ''): boolean {
  return !['', 'default', 'bridge', 'host', 'none'].includes(networkMode) && sharedWith(networkMode) === undefined;
}
