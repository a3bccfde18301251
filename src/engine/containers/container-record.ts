import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import type { EndpointRecord } from '../network/network-record.ts';
import type { HealthState } from './health/health.ts';
import type { ContainerState } from './state.ts';

/** A container as the store keeps it. */
export interface ContainerRecord {
  /** 64 hex digits. */
  id: string;
  /** Without docker's leading slash. */
  name: string;
  /** Milliseconds since the epoch, as all moments here. */
  createdAt: number;
  imageId: string;
  /** Entrypoint and command. */
  args: readonly string[];
  /** Merged with the image's. Docker's spelling is kept: it travels to clients as it is. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  mounts: readonly ContainerMount[];
  /** The networks that it is to be in, by the name or id that was asked for. */
  networks: Readonly<Record<string, WantedEndpoint>>;
  /** `networks` says everything, and the mode of its network nothing: it has been connected or disconnected since. */
  networksAreWhole?: true;
  /** Where it is connected now; empty unless it runs. */
  endpoints: readonly EndpointRecord[];
  state: ContainerState;
  restartCount: number;
  /** Containers that it knows by a name of its own (`--link`). */
  links?: readonly ContainerLink[];
  /** Of containers with a health check that have been started. */
  health?: HealthState;
  /** What the last start that succeeded took. */
  startTrace?: StartTrace;
  /** What is known of its last end beyond its exit code. */
  lastEnd?: LastEnd;
  /** The user has stopped it: policies do not start it again. */
  stoppedByUser: boolean;
}

export interface StartTrace {
  /** When the start began. */
  at: number;
  rootfsMs: number;
  networkMs: number;
  specMs: number;
  runtimeMs: number;
  totalMs: number;
}

export interface LastEnd {
  /** The last signal that was sent through the engine in that run, and on whose behalf. */
  signal?: number;
  by?: string;
  /** Its exit code could not be learnt. */
  unknown?: true;
}

export interface ContainerLink {
  containerId: string;
  /** As it was when the link was made. */
  name: string;
  alias: string;
}

export interface WantedEndpoint {
  aliases: readonly string[];
  /** `name[:alias]`, in networks with names. */
  links?: readonly string[];
  address?: string;
  address6?: string;
  mac?: string;
  gatewayPriority?: number;
  driverOptions?: Readonly<Record<string, string>>;
}

/** A mount whose source is settled. */
export interface ContainerMount {
  type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Path on this machine; empty for tmpfs. image: as it was named. */
  source: string;
  destination: string;
  /** volume */
  name?: string;
  readOnly: boolean;
  mode: string;
  propagation: string;
  createSource: boolean;
  nonRecursive: boolean;
  noCopy: boolean;
  tmpfsOptions?: readonly string[];
  /** volume, image: only what lies there, relative. */
  subpath?: string;
  /** image */
  imageId?: string;
}
