import type { Platform } from '../../images/manifest.ts';
import { formatPlatform, normalize } from '../../registry/platform.ts';
import { locate } from '../dockerfile/dockerfile-error.ts';
import type { InstructionOf } from '../instructions/instruction.ts';
import { expand, type ExpandOptions } from '../shell/word-expander.ts';
import type { BuildOptions } from './build-options.ts';

function platformArguments(prefix: string, platform: Platform): [string, string][] {
  const { os, architecture, variant = '' } = normalize(platform);
  return [[`${prefix}PLATFORM`, formatPlatform(normalize(platform))], [`${prefix}OS`, os], [`${prefix}ARCH`, architecture], [`${prefix}VARIANT`, variant]];
}

/** Arguments that are there without a declaration, in FROM; a stage has them once it declares them. Source: Dockerfile reference, "Automatic platform ARGs". */
export function predefinedArguments({ buildPlatform, targetPlatform = buildPlatform, arguments: given }: BuildOptions, target: string): Map<string, string> {
  const values = [...platformArguments('BUILD', buildPlatform), ...platformArguments('TARGET', targetPlatform), ['TARGETSTAGE', target] as const];
  return new Map(values.map(([name, value]) => [name, given.get(name) ?? value]));
}

/**
 * With the ARG instructions before the first FROM: what is given counts, else the default, which may use those above it.
 * @throws DockerfileError
 */
export function withGlobalArguments(predefined: ReadonlyMap<string, string>, instructions: readonly InstructionOf<'arg'>[], given: ReadonlyMap<string, string>, options: ExpandOptions): Map<string, string> {
  const values = new Map(predefined);
  for (const { arguments: declared, range } of instructions) {
    for (const { name, value } of declared) {
      const known = given.get(name) ?? (value === undefined ? undefined : locate(range, () => expand(value, values, options).text));
      if (known !== undefined) values.set(name, known);
    }
  }
  return values;
}

const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/** `NAME=value` of the proxies that were given: every RUN has them, no key and no history knows them. */
export function proxyEnvironment(given: ReadonlyMap<string, string>): string[] {
  return [...given].filter(([name]) => PROXIES.includes(name.toLowerCase())).map(([name, value]) => `${name}=${value}`);
}
