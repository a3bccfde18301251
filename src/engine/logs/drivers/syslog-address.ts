import { statSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';

export type SyslogAddress =
  | { kind: 'unix'; path: string } | { kind: 'unixgram'; path: string }
  | { kind: 'tcp'; host: string; port: number } | { kind: 'udp'; host: string; port: number } | { kind: 'tcp+tls'; host: string; port: number }
  /** The machine's own. */
  | { kind: 'default' };

const DEFAULT_PORT = 514;

/**
 * `--log-opt syslog-address=…`; looks whether a unix socket is there. Source: moby, daemon/logger/syslog.
 * @throws InvalidArgumentError in dockerd's words
 */
export function parseSyslogAddress(text: string): SyslogAddress {
  if (text === '') return { kind: 'default' };
  const match = /^(unix|unixgram|tcp|udp|tcp\+tls):\/\/(.*)$/s.exec(text);
  const [, scheme, rest = ''] = match ?? [];
  if (scheme === 'unix' || scheme === 'unixgram') {
    if (!statSync(rest, { throwIfNoEntry: false })) throw new InvalidArgumentError(`stat ${rest}: no such file or directory`);
    return { kind: scheme, path: rest };
  }
  if (scheme !== 'tcp' && scheme !== 'udp' && scheme !== 'tcp+tls') throw new InvalidArgumentError(`syslog-address should be in form proto://address, got ${text}`);
  const place = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#[\]]*))(?::(\d{1,5}))?(?:\/.*)?$/.exec(rest);
  const port = Number(place?.[3] ?? DEFAULT_PORT);
  if (!place || port > 65_535) throw new InvalidArgumentError(`address ${rest}: invalid port or host in address`);
  const host = place[1] ?? place[2] ?? '';
  return { kind: scheme, host: host === '' ? 'localhost' : host, port };
}
