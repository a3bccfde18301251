import { join } from 'node:path';
import { InternalError, messageOf } from '../../api/errors.ts';
import type { LogChoice, LogDrivers } from '../logs/log-drivers.ts';
import type { LogPlan } from '../logs/log-driver.ts';
import type { LogSource } from '../logs/log-reader.ts';
import type { LogSubject } from '../logs/log-subject.ts';
import type { ContainerRecord } from './container-record.ts';
import type { Container } from './container.ts';

/** Containers from before a choice was kept have our own driver. */
export function logChoice({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): LogChoice {
  return { type: hostConfig.LogConfig?.Type ?? 'local', options: hostConfig.LogConfig?.Config ?? {} };
}

/** Where a container's log lies. Docker's own format has Docker's name, for those who read it beside us. */
export function logPath({ record, paths }: Pick<Container, 'record' | 'paths'>): string {
  return logChoice(record).type === 'json-file' ? join(paths.directory, `${record.id}-json.log`) : paths.logFile;
}

/** What can be read of a container's log; undefined when nothing is kept. */
export function logSource(container: Container, drivers: LogDrivers): LogSource | undefined {
  const format = drivers.formatOf(logChoice(container.record));
  return format ? { path: logPath(container), format } : undefined;
}

/** What `docker logs --details` shows for lines that say nothing themselves. */
export function logDetails({ record }: Container, drivers: LogDrivers): Record<string, string> {
  return drivers.detailsOf(logChoice(record), subjectOf(record));
}

/** How the next run is logged. @throws InternalError in dockerd's words */
export function planLog({ record }: Container, drivers: LogDrivers): LogPlan {
  try {
    return drivers.plan(logChoice(record), subjectOf(record));
  } catch (cause) {
    throw logFailure(cause);
  }
}

export function logFailure(cause: unknown): InternalError {
  return new InternalError(`failed to initialize logging driver: ${messageOf(cause)}`, { cause });
}

function subjectOf(record: ContainerRecord): LogSubject {
  return {
    id: record.id, name: record.name, imageId: record.imageId, imageName: record.config.Image ?? '', args: record.args,
    env: record.config.Env ?? [], labels: record.config.Labels ?? {},
  };
}
