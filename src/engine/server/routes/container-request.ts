import { isIPv4, isIPv6 } from 'node:net';
import type { ContainerConfig, ContainerCreateRequest, ContainerUpdateRequest, EndpointSettings, ExecCreateRequest, HostConfig } from '../../../api/wire/container.ts';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { WantedEndpoint } from '../../containers/container-record.ts';
import { decodeObject, type FieldTable } from '../decode.ts';

const healthcheck: FieldTable = { Test: 'strings', Interval: 'integer', Timeout: 'integer', StartPeriod: 'integer', StartInterval: 'integer', Retries: 'integer' };

const config: FieldTable = {
  Hostname: 'string', Domainname: 'string', User: 'string', AttachStdin: 'boolean', AttachStdout: 'boolean', AttachStderr: 'boolean', ExposedPorts: 'set', Tty: 'boolean',
  OpenStdin: 'boolean', StdinOnce: 'boolean', Env: 'strings', Cmd: 'command', Healthcheck: { object: healthcheck }, Image: 'string', Volumes: 'set', WorkingDir: 'string',
  Entrypoint: 'command', NetworkDisabled: 'boolean', Labels: 'string-map', StopSignal: 'string', StopTimeout: 'integer', Shell: 'strings',
};

const mount: FieldTable = {
  Type: 'string', Source: 'string', Target: 'string', ReadOnly: 'boolean', Consistency: 'string',
  BindOptions: { object: { Propagation: 'string', NonRecursive: 'boolean', CreateMountpoint: 'boolean' } },
  VolumeOptions: { object: { NoCopy: 'boolean', Labels: 'string-map', DriverConfig: { object: { Name: 'string', Options: 'string-map' } }, Subpath: 'string' } },
  TmpfsOptions: { object: { SizeBytes: 'integer', Mode: 'integer' } }, ImageOptions: { object: { Subpath: 'string' } },
};

const throttle: FieldTable = { Path: 'string', Rate: 'integer' };

const limits: FieldTable = {
  CpuShares: 'integer', Memory: 'integer', NanoCpus: 'integer', BlkioWeight: 'integer', CpuPeriod: 'integer', CpuQuota: 'integer', CpuRealtimePeriod: 'integer',
  CpuRealtimeRuntime: 'integer', CpusetCpus: 'string', CpusetMems: 'string', MemoryReservation: 'integer', MemorySwap: 'integer', MemorySwappiness: 'integer', OomKillDisable: 'boolean',
  PidsLimit: 'integer', BlkioWeightDevice: { list: { Path: 'string', Weight: 'integer' } }, BlkioDeviceReadBps: { list: throttle }, BlkioDeviceWriteBps: { list: throttle },
  BlkioDeviceReadIOps: { list: throttle }, BlkioDeviceWriteIOps: { list: throttle },
};

const hostConfig: FieldTable = {
  Binds: 'strings', ContainerIDFile: 'string', LogConfig: { object: { Type: 'string', Config: 'string-map' } }, NetworkMode: 'string',
  PortBindings: { map: 'lists', of: { HostIp: 'string', HostPort: 'string' } }, RestartPolicy: { object: { Name: 'string', MaximumRetryCount: 'integer' } }, AutoRemove: 'boolean',
  VolumeDriver: 'string', VolumesFrom: 'strings', CapAdd: 'strings', CapDrop: 'strings', CgroupnsMode: 'string', Dns: 'strings', DnsOptions: 'strings', DnsSearch: 'strings',
  ExtraHosts: 'strings', GroupAdd: 'strings', IpcMode: 'string', Cgroup: 'string', Links: 'strings', OomScoreAdj: 'integer', PidMode: 'string', Privileged: 'boolean',
  PublishAllPorts: 'boolean', ReadonlyRootfs: 'boolean', SecurityOpt: 'strings', StorageOpt: 'string-map', Tmpfs: 'string-map', UTSMode: 'string', UsernsMode: 'string',
  ShmSize: 'integer', Sysctls: 'string-map', Runtime: 'string', ConsoleSize: 'size', Isolation: 'string', Mounts: { list: mount }, MaskedPaths: 'strings', ReadonlyPaths: 'strings',
  Init: 'boolean', CgroupParent: 'string', Devices: { list: { PathOnHost: 'string', PathInContainer: 'string', CgroupPermissions: 'string' } }, DeviceCgroupRules: 'strings',
  Ulimits: { list: { Name: 'string', Soft: 'integer', Hard: 'integer' } }, Annotations: 'string-map', ...limits,
};

const update: FieldTable = { ...limits, RestartPolicy: { object: { Name: 'string', MaximumRetryCount: 'integer' } } };

export const ENDPOINT: FieldTable = {
  IPAMConfig: { object: { IPv4Address: 'string', IPv6Address: 'string', LinkLocalIPs: 'strings' } }, Links: 'strings', MacAddress: 'string', Aliases: 'strings', DriverOpts: 'string-map', GwPriority: 'integer', NetworkID: 'string',
};

const create: FieldTable = { ...config, HostConfig: { object: hostConfig }, NetworkingConfig: { object: { EndpointsConfig: { map: ENDPOINT } } } };

export interface DecodedCreateRequest {
  config: ContainerConfig;
  hostConfig: HostConfig;
  networks: Record<string, WantedEndpoint>;
}

/** The body of `POST /containers/create`. @throws InvalidArgumentError */
export function decodeCreateRequest(body: unknown): DecodedCreateRequest {
  if (body === undefined || body === null) throw new InvalidArgumentError('config cannot be empty in order to create a container');
  refuseDevices(body);
  const { HostConfig: host = {}, NetworkingConfig: networking, ...rest } = decodeObject<ContainerCreateRequest>(body, create);
  const endpoints = Object.entries(networking?.EndpointsConfig ?? {});
  return { config: rest, hostConfig: host, networks: Object.fromEntries(endpoints.map(([name, settings]) => [name, wantedEndpoint(settings)])) };
}

/** Devices that a driver would have to bring (`--gpus`): there is none, and to start without them would be no answer. */
function refuseDevices(body: unknown): void {
  const { HostConfig: host } = decodeObject<{ HostConfig?: { DeviceRequests?: { Driver?: string; Capabilities?: readonly (readonly string[])[] }[] } }>(body, { HostConfig: { object: { DeviceRequests: { list: { Driver: 'string', Capabilities: 'string-lists' } } } } });
  const [first] = host?.DeviceRequests ?? [];
  if (!first) return;
  const capabilities = (first.Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ');
  throw new InvalidArgumentError(`could not select device driver ${JSON.stringify(first.Driver ?? '')} with capabilities: [${capabilities}]`);
}

/** The body of `POST /containers/{id}/update`. @throws InvalidArgumentError */
export function decodeUpdateRequest(body: unknown): ContainerUpdateRequest {
  if (body === undefined) throw new InvalidArgumentError('EOF');
  return decodeObject<ContainerUpdateRequest>(body, update);
}

/** A configuration alone, the body of `POST /commit`; undefined where there is none. @throws InvalidArgumentError */
export function decodeContainerConfig(body: unknown): ContainerConfig | undefined {
  return body === undefined || body === null ? undefined : decodeObject<ContainerConfig>(body, config);
}

/** @throws InvalidArgumentError */
export function decodeEndpoint(body: unknown): WantedEndpoint {
  return wantedEndpoint(decodeObject<EndpointSettings>(body, ENDPOINT));
}

function wantedEndpoint(settings: EndpointSettings | null): WantedEndpoint {
  const { IPv4Address: address = '', IPv6Address: address6 = '' } = settings?.IPAMConfig ?? {};
  const mac = settings?.MacAddress ?? '';
  const priority = settings?.GwPriority ?? 0;
  const options = settings?.DriverOpts ?? {};
  if (address !== '' && !isIPv4(address)) throw new InvalidArgumentError(`invalid IPv4 address: ${address}`);
  if (address6 !== '' && !isIPv6(address6)) throw new InvalidArgumentError(`invalid IPv6 address: ${address6}`);
  if (mac !== '' && !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) throw new InvalidArgumentError(`invalid MAC address ${JSON.stringify(mac)}`);
  return {
    aliases: settings?.Aliases ?? [], ...(settings?.Links?.length ? { links: settings.Links } : {}), ...(address === '' ? {} : { address }), ...(address6 === '' ? {} : { address6 }), ...(mac === '' ? {} : { mac: mac.toLowerCase() }),
    ...(priority === 0 ? {} : { gatewayPriority: priority }), ...(Object.keys(options).length === 0 ? {} : { driverOptions: options }),
  };
}

const execCreate: FieldTable = {
  User: 'string', Privileged: 'boolean', Tty: 'boolean', ConsoleSize: 'size', AttachStdin: 'boolean', AttachStderr: 'boolean', AttachStdout: 'boolean', DetachKeys: 'string',
  Env: 'strings', WorkingDir: 'string', Cmd: 'strings',
};

export function decodeExecCreate(body: unknown): ExecCreateRequest {
  return decodeObject<ExecCreateRequest>(body, execCreate);
}

export function decodeExecStart(body: unknown): { Detach?: boolean; Tty?: boolean; ConsoleSize?: [number, number] } {
  return decodeObject(body, { Detach: 'boolean', Tty: 'boolean', ConsoleSize: 'size' });
}
