import type { LogDriver, LogSink } from '../log-driver.ts';
import type { LogOptions } from '../log-subject.ts';
import { logTag } from '../log-tag.ts';
import { cacheFile } from './cached.ts';
import { parseSyslogAddress } from './syslog-address.ts';
import { connectSyslog, type SyslogTls } from './syslog-connection.ts';
import { syslogFacility, syslogFormat, syslogMessage } from './syslog-format.ts';

/** Each line to a syslog server: standard error as an error, the rest as information. Source: moby, daemon/logger/syslog. */
export const syslogDriver: LogDriver = {
  name: 'syslog',
  optionNames: [
    'syslog-address', 'syslog-facility', 'syslog-format', 'syslog-tls-ca-cert', 'syslog-tls-cert', 'syslog-tls-key', 'syslog-tls-skip-verify', 'tag',
    'labels', 'labels-regex', 'env', 'env-regex',
  ],
  validate: (options) => { settings(options); },
  plan(options, subject) {
    const { address, facility, format } = settings(options);
    const tag = logTag(options['tag'] ?? '{{.ID}}', subject);
    return {
      file: cacheFile(options),
      async open(): Promise<LogSink> {
        const connection = await connectSyslog(address, tlsOf(options));
        // RFC 5425, 4.3: over TLS each message begins with its length.
        const counted = address.kind === 'tcp+tls' && format.startsWith('rfc5424');
        return {
          // As in dockerd, an empty line is no message.
          write: (lines) => connection.send(lines.filter(({ text }) => text.length > 0).map((line) => {
            const message = syslogMessage(line, { facility, format, tag });
            return counted ? Buffer.concat([Buffer.from(`${String(message.length)} `), message]) : message;
          })),
          close: () => { connection.close(); },
        };
      },
    };
  },
};

function settings(options: LogOptions) {
  return {
    address: parseSyslogAddress(options['syslog-address'] ?? ''), facility: syslogFacility(options['syslog-facility'] ?? ''), format: syslogFormat(options['syslog-format'] ?? ''),
  };
}

function tlsOf(options: LogOptions): SyslogTls {
  const [ca, cert, key] = [options['syslog-tls-ca-cert'], options['syslog-tls-cert'], options['syslog-tls-key']];
  return {
    ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
    skipVerify: options['syslog-tls-skip-verify'] !== undefined,
  };
}
