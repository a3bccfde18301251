import { constants } from 'node:os';
import { InvalidArgumentError } from '../../api/errors.ts';

/** `SIGTERM`, `term`, `15`, `RTMIN+3` to a number. @throws InvalidArgumentError in dockerd's words */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  const offset = Number(realtime?.[3] ?? 0) * (realtime?.[2] === '-' ? -1 : 1);
  const number = /^\+?\d{1,9}$/.test(text) ? Number(text)
    : realtime ? (realtime[1] === 'MIN' ? 34 : 64) + offset
      : (constants.signals as Readonly<Record<string, number>>)[`SIG${name === 'CLD' ? 'CHLD' : name}`];
  if (number === undefined || number < 1 || number > 64) throw new InvalidArgumentError(`invalid signal: ${text}`);
  return number;
}
