import { InvalidArgumentError } from '../../api/errors.ts';
import type { OciSeccomp } from './oci-spec.ts';

/**
 * A system call filter in the format that docker and podman share: rules that hold only for some capabilities or architectures.
 * Source: containers-common, seccomp.json(5); docker's "Seccomp security profiles".
 */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  archMap: { architecture: string; subArchitectures: string[] }[];
  syscalls: SeccompRule[];
}

interface SeccompRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args: { index: number; value: number; valueTwo: number; op: string }[];
  includes: Conditions;
  excludes: Conditions;
}

interface Conditions {
  caps: string[];
  arches: string[];
}

const OCI_ARCHITECTURE: Readonly<Record<string, string>> = { amd64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' };

/** @throws InvalidArgumentError naming what is wrong with the profile. */
export function parseSeccompProfile(json: string, source: string): SeccompProfile {
  const fail = (why: string, cause?: unknown): never => { throw new InvalidArgumentError(`invalid seccomp profile ${source}: ${why}`, { cause }); };
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    return fail('not JSON', cause);
  }
  const profile = record(raw) ?? fail('not an object');
  const defaultAction = profile.defaultAction;
  if (typeof defaultAction !== 'string' || !defaultAction.startsWith('SCMP_ACT_')) return fail('no defaultAction');
  return {
    defaultAction,
    ...(typeof profile.defaultErrnoRet === 'number' ? { defaultErrnoRet: profile.defaultErrnoRet } : {}),
    archMap: list(profile.archMap).map((entry) => ({ architecture: String(record(entry)?.architecture), subArchitectures: strings(record(entry)?.subArchitectures) })),
    syscalls: list(profile.syscalls).map((entry, index) => {
      const rule = record(entry) ?? fail(`syscalls[${String(index)}] is not an object`);
      if (typeof rule.action !== 'string') return fail(`syscalls[${String(index)}] has no action`);
      return {
        names: typeof rule.name === 'string' ? [rule.name] : strings(rule.names),
        action: rule.action,
        ...(typeof rule.errnoRet === 'number' ? { errnoRet: rule.errnoRet } : {}),
        args: list(rule.args).map((value) => argument(record(value) ?? fail(`syscalls[${String(index)}] has a bad argument`))),
        includes: conditions(rule.includes),
        excludes: conditions(rule.excludes),
      };
    }),
  };
}

/** The filter for one container: rules whose conditions its capabilities and this architecture meet. */
export function seccompFor(profile: SeccompProfile, container: { capabilities: readonly string[]; architecture: string }): OciSeccomp {
  const capabilities = new Set(container.capabilities);
  const native = OCI_ARCHITECTURE[container.architecture];
  const family = profile.archMap.find((entry) => entry.architecture === native);
  const holds = (rule: SeccompRule): boolean =>
    rule.includes.caps.every((name) => capabilities.has(name))
    && (rule.includes.arches.length === 0 || rule.includes.arches.includes(container.architecture))
    && !rule.excludes.caps.some((name) => capabilities.has(name))
    && !rule.excludes.arches.includes(container.architecture);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(family ? { architectures: [family.architecture, ...family.subArchitectures] } : native === undefined ? {} : { architectures: [native] }),
    syscalls: profile.syscalls.filter((rule) => holds(rule) && rule.names.length > 0).map((rule) => ({
      names: rule.names,
      action: rule.action,
      ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
      ...(rule.args.length === 0 ? {} : { args: rule.args }),
    })),
  };
}

/**
 * What `--security-opt` asks for: `unconfined`, a profile (the command sends the file's content), or the default.
 * @returns undefined for no filter
 */
export function chosenSeccompProfile(options: readonly string[], privileged: boolean, fallback: SeccompProfile | undefined): SeccompProfile | undefined {
  const option = options.map((text) => /^seccomp[=:]([\s\S]*)$/.exec(text)?.[1]).findLast((value) => value !== undefined);
  if (option === 'unconfined') return undefined;
  if (option !== undefined && option !== 'builtin') return parseSeccompProfile(option, 'given by --security-opt');
  return privileged ? undefined : fallback;
}

function argument(raw: Record<string, unknown>): SeccompRule['args'][number] {
  return { index: Number(raw.index), value: Number(raw.value), valueTwo: Number(raw.valueTwo ?? 0), op: String(raw.op) };
}

function conditions(value: unknown): Conditions {
  return { caps: strings(record(value)?.caps), arches: strings(record(value)?.arches) };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string');
}
