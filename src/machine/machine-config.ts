import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { DriverName } from '../api/machine.ts';
import { InternalError, InvalidArgumentError } from '../api/errors.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';

export const DRIVER_CHOICES = ['auto', 'qemu', 'native', 'vfkit', 'wsl2'] as const;
export type DriverChoice = 'auto' | DriverName;

/** What a machine is made of. Kept in `machine.json`; changed by `start` while the machine is down. */
export interface MachineConfig {
  driver: DriverChoice;
  cpus: number;
  memoryMiB: number;
  /** Apparent size of the data disk; it occupies only what is written. Grows, never shrinks. */
  diskGiB: number;
}

/** Half of the processors and a quarter of the memory, within bounds: a desktop that runs containers stays a desktop. */
export function defaultConfig(host: { cpus: number; memoryMiB: number } = { cpus: availableParallelism(), memoryMiB: Math.floor(totalmem() / 1024 ** 2) }): MachineConfig {
  return {
    driver: 'auto',
    cpus: Math.max(Math.min(2, host.cpus), Math.min(8, Math.floor(host.cpus / 2))),
    memoryMiB: Math.max(1024, Math.min(8192, Math.floor(host.memoryMiB / 4))),
    diskGiB: 64,
  };
}

/** @throws InvalidArgumentError that names the field and its range. */
export function parseMachineConfig(value: unknown): MachineConfig {
  if (typeof value !== 'object' || value === null) throw new InvalidArgumentError('machine configuration is not an object');
  const fields = value as Partial<Record<keyof MachineConfig, unknown>>;
  const driver = DRIVER_CHOICES.find((choice) => choice === fields.driver);
  if (driver === undefined) throw new InvalidArgumentError(`unknown driver ${JSON.stringify(fields.driver)}: use one of ${DRIVER_CHOICES.join(', ')}`);
  return {
    driver,
    cpus: wholeNumber('cpus', fields.cpus, 1, 256),
    memoryMiB: wholeNumber('memory (MiB)', fields.memoryMiB, 256, 1024 * 1024),
    diskGiB: wholeNumber('disk (GiB)', fields.diskGiB, 1, 16 * 1024),
  };
}

function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`${name} is ${JSON.stringify(value)}: use a whole number from ${String(min)} to ${String(max)}`);
}

/**
 * The saved configuration, or undefined for a machine that does not exist yet.
 * @throws InternalError when the file cannot be understood. It is left where it is.
 */
export async function loadMachineConfig(file: string): Promise<MachineConfig | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InternalError(`cannot read ${file}`, { cause: error });
  }
  try {
    return parseMachineConfig(JSON.parse(text));
  } catch (error) {
    throw new InternalError(`cannot understand ${file}: ${error instanceof Error ? error.message : String(error)} (mend it, or remove it for the defaults)`, { cause: error });
  }
}

export async function saveMachineConfig(file: string, config: MachineConfig): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
