import { jsonFileDriver, localDriver, noneDriver } from './drivers/file-drivers.ts';
import { type LogChoice, LogDrivers } from './log-drivers.ts';

/** Every driver that this engine has. @throws InvalidArgumentError when the fallback cannot be */
export function openLogDrivers(fallback: LogChoice): LogDrivers {
  return new LogDrivers([localDriver, jsonFileDriver, noneDriver], fallback);
}
