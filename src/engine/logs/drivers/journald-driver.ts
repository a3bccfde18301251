import { existsSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { UnixDatagram } from '../../linux/unix-datagram.ts';
import { chooseAttributes } from '../log-attributes.ts';
import type { LogDriver, LogLine } from '../log-driver.ts';
import { logTag } from '../log-tag.ts';
import { formatLogTime } from '../log-time.ts';
import { cacheFile } from './cached.ts';
import { sendInTurn } from './datagram-lane.ts';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** Each line to the journal, with what is known of its container. Source: moby, daemon/logger/journald. */
export function journaldDriver(socket: string): LogDriver {
  return {
    name: 'journald',
    optionNames: ['labels', 'labels-regex', 'env', 'env-regex', 'tag'],
    plan(options, subject) {
      if (!existsSync(socket)) throw new InvalidArgumentError('journald is not enabled on this host');
      const tag = logTag(options['tag'] ?? '{{.ID}}', subject);
      const fields = {
        ...chooseAttributes(options, subject, fieldName),
        CONTAINER_ID: subject.id.slice(0, 12), CONTAINER_ID_FULL: subject.id, CONTAINER_NAME: subject.name, CONTAINER_TAG: tag, IMAGE_NAME: subject.imageName, SYSLOG_IDENTIFIER: tag,
      };
      return {
        file: cacheFile(options),
        // An async function: a socket that is not there is a rejection, not a throw.
        open: async () => {
          const connection = await Promise.resolve(UnixDatagram.connect(socket));
          return { write: (lines) => sendInTurn(connection, lines.map((line) => journalEntry(line, fields))), close: () => { connection.close(); } };
        },
      };
    },
  };
}

/** Fields of the journal are of A to Z, digits and underscores, and begin with a letter or digit. */
export function fieldName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_').replace(/^_+/, '');
}

/** The journal's native protocol: `NAME=value`, or, where there may be newlines, the name, a length in 64 bits little-endian and the value. Source: systemd, JOURNAL_NATIVE_PROTOCOL. */
export function journalEntry(line: LogLine, fields: Readonly<Record<string, string>>): Buffer {
  const all: [string, Buffer | string][] = [
    ['PRIORITY', line.stream === 2 ? '3' : '6'], ...Object.entries(fields), ...(line.isPart ? [['CONTAINER_PARTIAL_MESSAGE', 'true'] satisfies [string, string]] : []),
    ['SYSLOG_TIMESTAMP', formatLogTime(line.timeNs)],
    ['MESSAGE', line.text],
  ];
  return Buffer.concat(all.map(([name, value]) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
  }));
}
