import { jsonFileDriver, localDriver, noneDriver } from './drivers/file-drivers.ts';
import { JOURNAL_SOCKET, journaldDriver } from './drivers/journald-driver.ts';
import { syslogDriver } from './drivers/syslog-driver.ts';
import { type LogChoice, LogDrivers } from './log-drivers.ts';

/** Every driver that this engine has. @throws InvalidArgumentError when the fallback cannot be */
export function openLogDrivers(fallback: LogChoice): LogDrivers {
  return new LogDrivers([localDriver, jsonFileDriver, noneDriver, syslogDriver, journaldDriver(JOURNAL_SOCKET)], fallback);
}
