import type { DriverName } from '../api/machine.ts';
import { NotImplementedError, UnavailableError } from '../api/errors.ts';
import type { DriverChoice } from './machine-config.ts';
import type { VmDriver } from './vm-driver.ts';

/** In order of preference for `auto`: the machine is the product, the host itself is the fallback. */
const AUTO_ORDER: readonly DriverName[] = ['qemu', 'native'];

const NOT_THERE_YET: Readonly<Partial<Record<DriverName, string>>> = {
  vfkit: 'the vfkit driver (macOS Virtualization.framework) is not part of this version: use --driver qemu',
  wsl2: 'the wsl2 driver (Windows Subsystem for Linux) is not part of this version: use --driver qemu',
};

/**
 * The driver for a machine. A named driver is returned even where it is unavailable: its start says why.
 * @throws NotImplementedError for drivers that this version does not have; UnavailableError when `auto` finds none, with every reason.
 */
export async function chooseDriver(choice: DriverChoice, drivers: Readonly<Partial<Record<DriverName, VmDriver>>>): Promise<VmDriver> {
  if (choice !== 'auto') {
    const named = drivers[choice];
    if (named === undefined) throw new NotImplementedError(NOT_THERE_YET[choice] ?? `no driver ${choice}`);
    return named;
  }
  const reasons: string[] = [];
  for (const name of AUTO_ORDER) {
    const driver = drivers[name];
    if (driver === undefined) continue;
    const reason = await driver.unavailable();
    if (reason === undefined) return driver;
    reasons.push(`${name}: ${reason}`);
  }
  throw new UnavailableError(`no driver can run a machine here: ${reasons.join('; ')}`);
}
