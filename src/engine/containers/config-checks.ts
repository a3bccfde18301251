import type { ContainerConfig, HealthConfig } from '../../api/wire/container.ts';
import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { parseSignal } from './signals.ts';

const SHORTEST_NS = 1e6;

/** What a request says of the process itself, in dockerd's words. Pure. @throws InvalidArgumentError */
export function checkConfig(config: ContainerConfig): void {
  const { WorkingDir: directory = '', StopSignal: signal = '' } = config;
  if (directory !== '' && !directory.startsWith('/')) throw new InvalidArgumentError(`the working directory '${directory}' is invalid, it needs to be an absolute path`);
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=')) throw new InvalidArgumentError(`invalid environment variable: ${entry}`);
  }
  if (signal !== '') {
    try {
      parseSignal(signal);
    } catch (cause) {
      throw new InvalidArgumentError(`Invalid signal: ${signal}`, { cause: messageOf(cause) });
    }
  }
  if (config.Healthcheck) checkHealth(config.Healthcheck);
}

function checkHealth(health: HealthConfig): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health[name] ?? 0;
    if (value !== 0 && value < SHORTEST_NS) throw new InvalidArgumentError(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw new InvalidArgumentError('Retries in Healthcheck cannot be negative');
}
