import type { Port } from '../../api/wire/container.ts';
import { parsePort } from '../network/port-specs.ts';
import type { ContainerRecord } from './container-record.ts';
import { isRunning } from './state.ts';

/** The ports of a container that runs: published ones with where they lead from, then those that are only exposed. Pure. */
export function livePorts(record: ContainerRecord): Port[] {
  if (!isRunning(record.state)) return [];
  const published = record.endpoints.flatMap((endpoint) => endpoint.ports);
  const exposed = Object.keys(record.config.ExposedPorts ?? {}).map(parsePort).filter(({ port, protocol }) => !published.some((each) => each.containerPort === port && each.protocol === protocol));
  return [
    ...published.map((each) => ({ IP: each.hostAddress, PrivatePort: each.containerPort, PublicPort: each.hostPort, Type: each.protocol })),
    ...exposed.map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol })),
  ];
}
