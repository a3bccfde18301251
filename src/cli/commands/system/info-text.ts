import type { InfoResponse } from '../../../api/wire/system.ts';
import { bytesSize } from '../../output/units.ts';

/** What an engine tells of itself, in docker's order and words. Lines without their end. */
export function serverInfo(info: InfoResponse): string[] {
  const plugins = record(info['Plugins']);
  const lines = [
    ` Containers: ${info.Containers}`, `  Running: ${info.ContainersRunning}`, `  Paused: ${info.ContainersPaused}`, `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`, ...line(' Server Version', info.ServerVersion), ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`, ` Cgroup Driver: ${info.CgroupDriver}`, ...line(' Cgroup Version', info.CgroupVersion),
    ' Plugins:', `  Volume: ${words(plugins['Volume'])}`, `  Network: ${words(plugins['Network'])}`,
    ...(words(plugins['Authorization']) === '' ? [] : [`  Authorization: ${words(plugins['Authorization'])}`]), `  Log: ${words(plugins['Log'])}`,
    ` Swarm: ${string(record(info['Swarm'])['LocalNodeState']) || 'inactive'}`,
    ` Runtimes: ${Object.keys(info.Runtimes ?? {}).sort().join(' ')}`, ` Default Runtime: ${info.DefaultRuntime}`,
  ];
  if (info.OSType === 'linux') lines.push(...linuxInfo(info));
  lines.push(
    ` Kernel Version: ${info.KernelVersion}`, ` Operating System: ${info.OperatingSystem}`, ` OSType: ${info.OSType}`, ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`, ` Total Memory: ${bytesSize(info.MemTotal)}`, ` Name: ${info.Name}`, ` ID: ${info.ID}`, ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info['Debug'] === true}`,
    ...line(' HTTP Proxy', string(info['HttpProxy'])), ...line(' HTTPS Proxy', string(info['HttpsProxy'])), ...line(' No Proxy', string(info['NoProxy'])),
    ...((info.Labels ?? []).length === 0 ? [] : [' Labels:', ...info.Labels.map((label) => `  ${label}`)]),
    ` Experimental: ${info['ExperimentalBuild'] === true}`, ...registryInfo(info),
    ` Live Restore Enabled: ${info['LiveRestoreEnabled'] === true}`,
    ...(string(info['ProductLicense']) === '' ? [] : [` Product License: ${string(info['ProductLicense'])}`]),
  );
  return lines;
}

function linuxInfo(info: InfoResponse): string[] {
  const commit = (name: string): string => string(record(info[name])['ID']);
  const lines = [` Init Binary: ${string(info['InitBinary'])}`, ` containerd version: ${commit('ContainerdCommit')}`, ` runc version: ${commit('RuncCommit')}`, ` init version: ${commit('InitCommit')}`];
  const options = Array.isArray(info['SecurityOptions']) ? (info['SecurityOptions'] as string[]) : [];
  if (options.length > 0) lines.push(' Security Options:', ...options.flatMap(securityLines));
  return lines;
}

/** `name=seccomp,profile=default` */
function securityLines(option: string): string[] {
  const pairs = option.split(',').map((part) => part.split('=') as [string, string?]);
  const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
  return [`  ${name}`, ...pairs.filter(([key]) => key !== 'name').map(([key, value]) => `   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value ?? ''}`)];
}

function registryInfo(info: InfoResponse): string[] {
  const registry = info.RegistryConfig;
  if (registry === undefined || registry === null) return [];
  const insecure = [...Object.entries(registry.IndexConfigs ?? {}).filter(([, index]) => !index.Secure).map(([name]) => name), ...(registry.InsecureRegistryCIDRs ?? [])];
  return [
    ...(insecure.length === 0 ? [] : [' Insecure Registries:', ...insecure.map((name) => `  ${name}`)]),
    ...((registry.Mirrors ?? []).length === 0 ? [] : [' Registry Mirrors:', ...registry.Mirrors.map((mirror) => `  ${mirror}`)]),
  ];
}

function line(name: string, value: string): string[] {
  return value === '' || value === undefined ? [] : [`${name}: ${value}`];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function words(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : '';
}
