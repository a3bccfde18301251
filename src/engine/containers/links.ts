import { InvalidArgumentError, NotFoundError, ConflictError } from '../../api/errors.ts';
import { parsePort } from '../network/port-specs.ts';
import type { ContainerLink, ContainerRecord } from './container-record.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Container } from './container.ts';

/** `--link name[:alias]`, with the containers looked up. Also in the form in which inspect shows them. @throws InvalidArgumentError in dockerd's words */
export function settleLinks(links: readonly string[], registry: ContainerRegistry): ContainerLink[] {
  return links.map((text) => {
    const [name = '', given = ''] = text.split(':', 2);
    const alias = (given === '' ? name : given).split('/').at(-1) ?? '';
    try {
      const child = registry.get(name);
      if (child.record.hostConfig.NetworkMode === 'host') throw new InvalidArgumentError("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
      return { containerId: child.id, name: child.record.name, alias };
    } catch (error) {
      if (error instanceof NotFoundError) throw new InvalidArgumentError(`could not get container for ${name}: ${error.message}`, { cause: error });
      throw error;
    }
  });
}

/** As inspect shows them: `/one:/two/alias`. */
export function shownLinks(record: ContainerRecord, registry: ContainerRegistry): string[] | null {
  const links = (record.links ?? []).map((link) => `/${registry.find(link.containerId)?.record.name ?? link.name}:/${record.name}/${link.alias}`);
  return links.length === 0 ? null : links;
}

/** The names that links give to a container, as lists show them: `/two/alias`. */
export function linkNames(record: ContainerRecord, registry: ContainerRegistry): string[] {
  return registry.list().flatMap((parent) => (parent.record.links ?? []).filter((link) => link.containerId === record.id).map((link) => `/${parent.record.name}/${link.alias}`));
}

/** What linked containers bring into a container that starts. */
export interface LinkedNames {
  /** Lines of /etc/hosts. */
  hosts: readonly { address: string; names: readonly string[] }[];
  env: readonly string[];
}

/** @throws ConflictError when a linked container does not run */
export function resolveLinks(record: ContainerRecord, registry: ContainerRegistry): LinkedNames {
  const links = (record.links ?? []).map((link) => {
    const child = registry.find(link.containerId);
    if (!child?.running) throw new ConflictError(`Cannot link to a non running container: /${child?.record.name ?? link.name} AS /${record.name}/${link.alias}`);
    if (!child.record.endpoints.some(({ networkName }) => networkName === 'bridge')) throw new ConflictError(`Cannot link to /${child.record.name}, as it does not belong to the default network`);
    return { link, child };
  });
  return { hosts: links.flatMap(({ link, child }) => hostsLine(link, child)), env: links.flatMap(({ link, child }) => linkEnvironment(record, link, child)) };
}

function hostsLine(link: ContainerLink, child: Container): { address: string; names: string[] }[] {
  const address = addressOf(child);
  return address === '' ? [] : [{ address, names: [...new Set([link.alias, child.record.config.Hostname ?? '', child.record.name])].filter((name) => name !== '') }];
}

function addressOf(child: Container): string {
  return child.record.endpoints.find((endpoint) => endpoint.networkName === 'bridge')?.address ?? '';
}

/** Set by the runtime in every container: not the linked one's own. */
const NOT_HANDED_ON = ['HOME', 'PATH', 'HOSTNAME', 'TERM'];

function linkEnvironment(record: ContainerRecord, link: ContainerLink, child: Container): string[] {
  const prefix = link.alias.toUpperCase().replaceAll('-', '_');
  const address = addressOf(child);
  const ports = Object.keys(child.record.config.ExposedPorts ?? {}).map(parsePort).sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
  const [first] = ports;
  const own = (child.record.config.Env ?? []).filter((entry) => entry.includes('=') && !NOT_HANDED_ON.includes(entry.split('=', 1)[0] ?? ''));
  return [
    `${prefix}_NAME=/${record.name}/${link.alias}`,
    ...(first ? [`${prefix}_PORT=${first.protocol}://${address}:${String(first.port)}`] : []),
    ...ports.flatMap(({ port, protocol }) => {
      const name = `${prefix}_PORT_${String(port)}_${protocol.toUpperCase()}`;
      return [`${name}=${protocol}://${address}:${String(port)}`, `${name}_ADDR=${address}`, `${name}_PORT=${String(port)}`, `${name}_PROTO=${protocol}`];
    }),
    ...own.map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

/** Takes a link away: `/two/alias`. What runs keeps what it was told. @throws InvalidArgumentError, NotFoundError */
export function removeLink(registry: ContainerRegistry, path: string): void {
  const [parentName = '', alias = '', ...rest] = path.replace(/^\//, '').split('/');
  if (alias === '') registry.get(parentName);
  if (alias === '' || rest.length > 0) throw new InvalidArgumentError(`Conflict, cannot remove the default link name of the container: ${path}`);
  const parent = registry.get(parentName);
  const links = parent.record.links ?? [];
  if (!links.some((link) => link.alias === alias)) throw new NotFoundError(`No such link: ${path}`);
  registry.update(parent, { links: links.filter((link) => link.alias !== alias) });
}
