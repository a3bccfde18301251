import { parseBool } from '../option-values.ts';
import type { LogPlan } from '../log-driver.ts';
import type { LogOptions } from '../log-subject.ts';
import { localRotation } from './rotation.ts';

/**
 * The local copy of what goes elsewhere: `docker logs` reads it, and what cannot be sent waits in it. With `cache-disabled` it is kept for
 * the sending alone. Source of the options: moby, daemon/logger/loggerutils/cache.
 */
export function cacheFile(options: LogOptions): NonNullable<LogPlan['file']> {
  const isDisabled = options['cache-disabled'] !== undefined && parseBool(options['cache-disabled']);
  return isDisabled ? localRotation({}) : localRotation(options, 'cache-');
}
