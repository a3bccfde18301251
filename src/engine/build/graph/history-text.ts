import type { HealthConfig } from '../../../api/wire/container.ts';
import { quoteList } from '../dockerfile/go-text.ts';
import type { Transfer } from '../instructions/instruction.ts';
import type { ConfigChange } from './stage-config.ts';
import type { TransferOp } from './step.ts';

/** Lines of an image's history, in BuildKit's words. */

export function configHistory(change: ConfigChange): string {
  switch (change.kind) {
    case 'env': case 'label': return [change.kind.toUpperCase(), ...change.pairs.map(([name, value]) => `${name}=${value}`)].join(' ');
    case 'cmd': return `CMD ${quoteList(change.words)}`;
    case 'entrypoint': return `ENTRYPOINT ${quoteList(change.words)}`;
    case 'shell': return `SHELL [${change.words.join(' ')}]`;
    case 'expose': return `EXPOSE [${change.ports.join(' ')}]`;
    case 'volume': return `VOLUME [${change.paths.join(' ')}]`;
    case 'healthcheck': return healthHistory(change.health);
    case 'user': case 'workdir': case 'stopsignal': case 'onbuild': case 'maintainer': return `${change.kind.toUpperCase()} ${change.value}`;
  }
}

function healthHistory({ Test = [], Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 }: HealthConfig): string {
  const [interval, timeout, period, start] = [Interval, Timeout, StartPeriod, StartInterval].map(duration);
  return `HEALTHCHECK {Test:[${Test.join(' ')}] Interval:${interval ?? ''} Timeout:${timeout ?? ''} StartPeriod:${period ?? ''} StartInterval:${start ?? ''} Retries:${Retries}}`;
}

/** As Go prints a duration: `1m30s`, `1.5s`, `0s`. */
function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const seconds = nanoseconds / 1e9;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${Number((seconds % 60).toFixed(9))}s`;
}

/** Build arguments stand before the command, with their number: `RUN |1 A=x /bin/sh -c make`. */
export function runHistory(command: readonly string[], shown: readonly string[]): string {
  return `RUN ${[...(shown.length === 0 ? [] : [`|${shown.length}`]), ...shown, ...command].join(' ')} # buildkit`;
}

export function transferHistory(keyword: string, { parents, chown, chmod }: TransferOp, { sources, files, destination }: Transfer): string {
  const flags = [...(parents ? ['--parents'] : []), ...(chown === '' ? [] : [`--chown=${chown}`]), ...(chmod === '' ? [] : [`--chmod=${chmod}`])];
  return [keyword, ...flags, ...sources, ...files.map(({ name }) => `<<${name}`), destination, '# buildkit'].join(' ');
}

/** For progress, without lines of a document. */
export function shorten(text: string, limit = 2000): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** What a document is about: its first line. */
export function documentSummary(content: string): string {
  const [first = '', second] = content.trim().split(/\r?\n/, 2);
  return `${shorten(first, 200)}${second === undefined ? '' : '...'}`;
}

