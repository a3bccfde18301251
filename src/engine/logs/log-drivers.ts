import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { fileAttributes } from './drivers/file-drivers.ts';
import { jsonFormat } from './json-format.ts';
import type { LogDriver, LogPlan } from './log-driver.ts';
import type { LogFormat } from './log-format.ts';
import type { LogOptions, LogSubject } from './log-subject.ts';
import { parseBool, parseSize } from './option-values.ts';
import { recordFormat } from './record-format.ts';

/** A container's `HostConfig.LogConfig`, complete. */
export interface LogChoice {
  type: string;
  options: LogOptions;
}

/** Of all drivers that keep something; those with `cache-` are for the local copy of what goes elsewhere. */
const COMMON = ['mode', 'max-buffer-size'];
const CACHE = ['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

/** The log drivers by name, and the one that containers get that ask for none. */
export class LogDrivers {
  readonly #drivers: ReadonlyMap<string, LogDriver>;
  readonly fallback: LogChoice;

  /** @throws InvalidArgumentError when the fallback is not there or does not take its options */
  constructor(drivers: readonly LogDriver[], fallback: LogChoice) {
    this.#drivers = new Map(drivers.map((driver) => [driver.name, driver]));
    this.fallback = fallback;
    this.#validate(fallback);
  }

  get names(): string[] {
    return [...this.#drivers.keys()].sort();
  }

  /**
   * What a new container is logged with. The engine's own options stand for those that it does not give, if the driver is the engine's.
   * Source: moby, daemon/logs.go, daemon/logger/factory.go.
   * @throws InvalidArgumentError in dockerd's words
   */
  choose(wanted: { Type?: string; Config?: Record<string, string> | null } | undefined): LogChoice {
    const type = wanted?.Type === undefined || wanted.Type === '' ? this.fallback.type : wanted.Type;
    const own = wanted?.Config ?? {};
    const inherited = Object.entries(this.fallback.options).filter(([name]) => type === this.fallback.type || CACHE.includes(name));
    const choice = { type, options: { ...Object.fromEntries(inherited), ...own } };
    this.#validate(choice);
    return choice;
  }

  /** @throws InvalidArgumentError with what dockerd says after `failed to initialize logging driver: ` */
  plan({ type, options }: LogChoice, subject: LogSubject): LogPlan {
    return this.#get(type).plan(options, subject);
  }

  /** How the files of a log are read; undefined when nothing is kept. */
  formatOf({ type, options }: LogChoice): LogFormat | undefined {
    if (type === 'none' || (isForwarding(type) && options['cache-disabled'] !== undefined && parseBool(options['cache-disabled']))) return undefined;
    return type === 'json-file' ? jsonFormat : recordFormat;
  }

  /** What is noted with every line, where the file does not say it. */
  detailsOf({ type, options }: LogChoice, subject: LogSubject): Record<string, string> {
    return type === 'local' ? fileAttributes(options, subject) : {};
  }

  #get(name: string): LogDriver {
    const driver = this.#drivers.get(name);
    if (!driver) throw new InvalidArgumentError(`error looking up logging plugin ${name}: plugin "${name}" not found`);
    return driver;
  }

  #validate({ type, options }: LogChoice): void {
    if (type === 'none') return;
    const mode = options['mode'] ?? '';
    if (!['', 'blocking', 'non-blocking'].includes(mode)) throw new InvalidArgumentError(`logger: logging mode not supported: ${mode}`);
    const buffer = options['max-buffer-size'];
    if (buffer !== undefined) {
      if (mode !== 'non-blocking') throw new InvalidArgumentError("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
      wrapped('error parsing option max-buffer-size', () => parseSize(buffer, 1024));
    }
    const driver = this.#get(type);
    const known = [...COMMON, ...CACHE, ...driver.optionNames];
    const unknown = Object.keys(options).sort().find((name) => !known.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(type === 'local' ? `unknown log opt '${unknown}' for log driver local` : `unknown log opt '${unknown}' for ${type} log driver`);
    driver.validate?.(options);
    const disabled = options['cache-disabled'] ?? '';
    if (disabled !== '') wrapped('', () => parseBool(disabled), `invalid value for option cache-disabled: ${disabled}`);
  }
}

function isForwarding(type: string): boolean {
  return type !== 'local' && type !== 'json-file';
}

function wrapped(what: string, parse: () => unknown, instead?: string): void {
  try {
    parse();
  } catch (cause) {
    throw new InvalidArgumentError(instead ?? `${what}: ${messageOf(cause)}`, { cause });
  }
}
