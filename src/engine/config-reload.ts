import type { EngineConfig } from './config.ts';

/** What takes effect while the engine runs, as in dockerd. Source: moby, daemon/reload.go. */
const RELOADABLE = ['registryMirrors', 'insecureRegistries', 'maxConcurrentDownloads', 'maxConcurrentUploads', 'liveRestore', 'labels', 'shutdownTimeoutSeconds'] as const satisfies readonly (keyof EngineConfig)[];

export type ReloadedConfig = Pick<EngineConfig, (typeof RELOADABLE)[number]>;

/** Which keys of a new configuration differ: those that count at once, and those that wait for the next start. */
export function changesOf(before: EngineConfig, after: EngineConfig): { now: string[]; later: string[] } {
  const old = new Map<string, unknown>(Object.entries(before));
  const keys = Object.entries(after).filter(([key, value]) => JSON.stringify(old.get(key)) !== JSON.stringify(value)).map(([key]) => key);
  const isNow = (key: string): boolean => RELOADABLE.some((name) => name === key);
  return { now: keys.filter(isNow), later: keys.filter((key) => !isNow(key)) };
}

export function reloadedPart({ registryMirrors, insecureRegistries, maxConcurrentDownloads, maxConcurrentUploads, liveRestore, labels, shutdownTimeoutSeconds }: EngineConfig): ReloadedConfig {
  return { registryMirrors, insecureRegistries, maxConcurrentDownloads, maxConcurrentUploads, liveRestore, labels, shutdownTimeoutSeconds };
}

/** What dockerd's `reload` event tells. */
export function reloadAttributes(config: EngineConfig, facts: { hostname: string; runtime: string }): Record<string, string> {
  return {
    name: facts.hostname, debug: String(config.logLevel === 'debug'), 'default-runtime': facts.runtime, runtimes: facts.runtime,
    'insecure-registries': JSON.stringify(config.insecureRegistries), 'registry-mirrors': JSON.stringify(config.registryMirrors.map((mirror) => mirror.replace(/\/$/, ''))),
    labels: JSON.stringify(config.labels), 'live-restore': String(config.liveRestore), 'shutdown-timeout': String(config.shutdownTimeoutSeconds),
    'max-concurrent-downloads': String(config.maxConcurrentDownloads), 'max-concurrent-uploads': String(config.maxConcurrentUploads),
  };
}
