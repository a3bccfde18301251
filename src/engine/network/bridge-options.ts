import { isIP } from 'node:net';
import { InvalidArgumentError } from '../../api/errors.ts';

/** How a bridge network treats what comes and goes. */
export interface BridgeOptions {
  /** Containers reach each other at ports that are not published. */
  interContainer: boolean;
  masquerade: boolean;
  /** Where ports are published for which no address is given; undefined: everywhere. */
  hostBinding: string | undefined;
  gatewayMode4: GatewayMode;
  gatewayMode6: GatewayMode;
  mtu: number | undefined;
  bridgeName: string | undefined;
}

/**
 * `nat`: published ports are translated. `routed`: the outside reaches containers at their own addresses, at published ports only.
 * `nat-unprotected`: as `nat`, and all ports are let in from outside. `isolated`: the machine itself has no address there (internal networks).
 */
export type GatewayMode = (typeof GATEWAY_MODES)[number];
const GATEWAY_MODES = ['nat', 'routed', 'nat-unprotected', 'isolated'] as const;

const BRIDGE = 'com.docker.network.bridge.';
const DRIVER = 'com.docker.network.driver.';
const DEFAULT_BINDINGS = ['', '0.0.0.0', '::'];

/** Options of `network create` for bridges; unknown ones mean nothing, as in dockerd. Pure. @throws InvalidArgumentError in dockerd's words */
export function parseBridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const binding = options[`${BRIDGE}host_binding_ipv4`] ?? '';
  if (binding !== '' && isIP(binding) === 0) throw new InvalidArgumentError(`failed to parse ${BRIDGE}host_binding_ipv4 value: ${binding} (nil ip)`);
  parseFlag(options, `${BRIDGE}default_bridge`, false);
  return {
    interContainer: parseFlag(options, `${BRIDGE}enable_icc`, true),
    masquerade: parseFlag(options, `${BRIDGE}enable_ip_masquerade`, true),
    hostBinding: DEFAULT_BINDINGS.includes(binding) ? undefined : binding,
    gatewayMode4: parseMode(options, 'gateway_mode_ipv4'), gatewayMode6: parseMode(options, 'gateway_mode_ipv6'),
    mtu: parseMtu(options[`${DRIVER}mtu`]),
    bridgeName: parseName(options[`${BRIDGE}name`]),
  };
}

function parseFlag(options: Readonly<Record<string, string>>, key: string, fallback: boolean): boolean {
  const text = options[key];
  if (text === undefined) return fallback;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new InvalidArgumentError(`failed to parse ${key} value: ${text} (strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax)`);
}

function parseMode(options: Readonly<Record<string, string>>, key: 'gateway_mode_ipv4' | 'gateway_mode_ipv6'): GatewayMode {
  const text = options[`${BRIDGE}${key}`] ?? 'nat';
  const mode = GATEWAY_MODES.find((candidate) => candidate === text);
  if (mode === undefined) throw new InvalidArgumentError(`unknown gateway mode '${text}' in '${BRIDGE}${key}'`);
  return mode;
}

export function parseMtu(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw new InvalidArgumentError(`failed to parse ${DRIVER}mtu value: ${text} (strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax)`);
  const mtu = Number(text);
  if (mtu < 0 || mtu > 65535) throw new InvalidArgumentError(`invalid MTU number: ${String(mtu)}`);
  return mtu === 0 ? undefined : mtu;
}

/** Names of interfaces: at most 15 bytes, see netdevice(7). */
function parseName(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/.test(text)) throw new InvalidArgumentError(`invalid bridge name ${JSON.stringify(text)}: must be 1 to 15 characters of [a-zA-Z0-9_.-]`);
  return text;
}
