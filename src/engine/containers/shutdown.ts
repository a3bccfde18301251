import { setTimeout as sleep } from 'node:timers/promises';
import { NotModifiedError } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ContainerRegistry } from './container-registry.ts';
import type { Controls } from './controls.ts';

/** Ends every container, each with its own time and all within `timeoutSeconds` (negative: without limit). */
export async function shutDown(options: { registry: ContainerRegistry; controls: Controls; timeoutSeconds: number; log: Logger }): Promise<void> {
  const { registry, controls, timeoutSeconds, log } = options;
  const running = registry.list().filter((container) => container.running);
  if (running.length === 0) return;
  log.info('containers are being stopped', { count: running.length });
  const all = Promise.all(running.map((container) => controls.stop(container, { byEngine: true }).catch((error: unknown) => {
    if (!(error instanceof NotModifiedError)) log.warn('container cannot be stopped', { id: container.id, error });
  })));
  if (timeoutSeconds < 0) { await all; return; }
  const timer = new AbortController();
  const late = await Promise.race([all.then(() => false), sleep(timeoutSeconds * 1000, true, { signal: timer.signal })]);
  timer.abort();
  if (!late) return;
  log.warn('time is up: containers are killed', { timeoutSeconds });
  await Promise.all(registry.list().filter((container) => container.running).map((container) => controls.kill(container, 'KILL', { byEngine: true }).catch(() => undefined)));
}
