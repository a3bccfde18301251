import { hostname } from 'node:os';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { LogLine } from '../log-driver.ts';

const FACILITIES = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'];
const FIRST_LOCAL = 16;
const [ERROR, INFO] = [3, 6];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const SYSLOG_FORMATS = ['', 'rfc3164', 'rfc5424', 'rfc5424micro'] as const;
export type SyslogFormat = (typeof SYSLOG_FORMATS)[number];

/** By name or number (RFC 5424, 6.2.1); `daemon` when there is none. @throws InvalidArgumentError */
export function syslogFacility(text: string): number {
  if (text === '') return FACILITIES.indexOf('daemon');
  const named = FACILITIES.indexOf(text);
  if (named !== -1) return named;
  const local = /^local([0-7])$/.exec(text);
  if (local) return FIRST_LOCAL + Number(local[1]);
  if (/^\d{1,2}$/.test(text) && Number(text) <= 23) return Number(text);
  throw new InvalidArgumentError('invalid syslog facility');
}

/** @throws InvalidArgumentError */
export function syslogFormat(text: string): SyslogFormat {
  const format = SYSLOG_FORMATS.find((candidate) => candidate === text);
  if (format === undefined) throw new InvalidArgumentError('Invalid syslog format');
  return format;
}

/**
 * A line as Docker's driver writes it, with its newline: without a format as syslog(3) does; RFC 3164 with the host's name; RFC 5424 with the
 * tag as application and message id.
 * Source: moby, daemon/logger/syslog; its srslog library.
 */
export function syslogMessage(line: LogLine, options: { facility: number; format: SyslogFormat; tag: string }): Buffer {
  const priority = options.facility * 8 + (line.stream === 2 ? ERROR : INFO);
  const head = headOf(priority, new Date(Number(line.timeNs / 1_000_000n)), line.timeNs, options);
  return Buffer.concat([Buffer.from(head), line.text, Buffer.from('\n')]);
}

function headOf(priority: number, at: Date, timeNs: bigint, { format, tag }: { format: SyslogFormat; tag: string }): string {
  const [start, pid] = [`<${String(priority)}>`, String(process.pid)];
  if (format === '') return `${start}${stamp(at)} ${tag}[${pid}]: `;
  if (format === 'rfc3164') return `${start}${stamp(at)} ${hostname()} ${tag}[${pid}]: `;
  const micros = String((timeNs / 1000n) % 1_000_000n).padStart(6, '0');
  return `${start}1 ${rfc3339(at, format === 'rfc5424micro' ? `.${micros}` : '')} ${hostname()} ${tag} ${pid} ${tag} - `;
}

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (at: Date): string => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

/** RFC 3164, 4.1.2: local time. */
function stamp(at: Date): string {
  return `${MONTHS[at.getMonth()] ?? ''} ${String(at.getDate()).padStart(2, ' ')} ${clock(at)}`;
}

function rfc3339(at: Date, fraction: string): string {
  const offset = -at.getTimezoneOffset();
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${clock(at)}${fraction}${zone}`;
}
