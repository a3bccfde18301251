import type { Logger } from '../../base/log.ts';
import type { Networks } from '../network/networks.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Controls } from './controls.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * Gives the default bridge the addresses that the configuration wants, where containers that ran on through a restart of the engine have
 * kept it from that: they are restarted, and named. One that would be removed by its end keeps the bridge as it is.
 */
export async function moveDefaultBridge(options: { registry: ContainerRegistry; networks: Networks; controls: Controls; lifecycle: Lifecycle; log: Logger }): Promise<void> {
  const { registry, networks, controls, lifecycle, log } = options;
  const move = networks.bridgeMove;
  if (!move) return;
  const { networkId, ...addresses } = move;
  const users = registry.list().filter(({ running, record }) => running && record.endpoints.some((endpoint) => endpoint.networkId === networkId));
  const names = users.map(({ record }) => record.name);
  if (users.some(({ record }) => record.hostConfig.AutoRemove === true)) {
    log.warn('the default bridge keeps its addresses until its containers have ended: some would be removed by a restart', { ...addresses, containers: names });
    return;
  }
  log.warn('the default bridge gets other addresses: its containers are restarted', { ...addresses, containers: names });
  await Promise.all(users.map((container) => controls.stop(container, { byEngine: true })));
  await networks.moveDefaultBridge();
  await Promise.all(users.map((container) => lifecycle.start(container).catch((error: unknown) => { log.error('container cannot be restarted', { id: container.id, error }); })));
}
