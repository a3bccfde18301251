import type { ContainerExplanation, LimitFact, NetworkFact } from '../../../api/wire/explain.ts';
import { bytesSize } from '../../output/units.ts';
import { ellipsis, shortId } from '../../output/short-text.ts';

const SOURCES = { flag: 'asked', image: 'image', default: 'default', daemon: 'daemon', engine: 'engine' } as const;

/** For people: groups under headings, nothing wider than the terminal except a value that cannot be cut. Pure. */
export function explanationText(fact: ContainerExplanation, options: { all: boolean; columns: number }): string {
  const { columns } = options;
  const groups: [string, readonly string[]][] = [
    ['', [`${fact.name}  ${fact.id.slice(0, 12)}  ${fact.status}`, `image ${fact.image.name} (${shortId(fact.image.id)})`]],
    ['How it ended', fact.end ? wrap(fact.end.at === null ? fact.end.text : `${fact.end.at}: ${fact.end.text}`, columns - 2) : []],
    ['How it started', startLines(fact)],
    ['Limits', [...fact.limits.map(limitLine), ...throttlingLines(fact)]],
    ['Namespaces', table(fact.namespaces.map(({ type, id, sharedWith, why }) => [type, id === null ? '-' : String(id), sharedWith.length === 0 ? why : `shared with ${sharedWith.join(', ')} (${why})`]), columns)],
    ['Network', fact.networks.flatMap((network) => networkLines(network, columns))],
    ['Mounts', fact.mounts.filter(({ why }) => options.all || why.startsWith('-') || why.startsWith('VOLUME')).flatMap((mount) => [ellipsis(`${mount.destination}  ${mount.type}${mount.readOnly ? ', read only' : ''}  (${mount.why})`, columns - 2), ...(mount.source === '' || mount.source === mount.type ? [] : [`  from ${ellipsis(mount.source, columns - 9)}`])])],
    ['Rights', securityLines(fact, columns)],
    ['Processes', table(fact.processes.map(({ pid, memory, command }) => [String(pid), bytesSize(memory), command]), columns)],
    [options.all ? 'OCI spec' : 'OCI spec, what is not a default', fact.specError === undefined
      ? fact.spec.filter(({ from }) => options.all || from === 'flag' || from === 'image').flatMap(({ path, value, from, why }) => [ellipsis(`${path} = ${value}`, columns - 2), `    ${ellipsis(why === 'default' ? why : `${SOURCES[from]}: ${why}`, columns - 6)}`])
      : wrap(`it could not be started: ${fact.specError}`, columns - 2)],
  ];
  return groups.filter(([, lines]) => lines.length > 0).map(([title, lines]) => (title === '' ? lines.join('\n') : `${title}\n${lines.map((line) => `  ${line}`).join('\n')}`)).join('\n\n');
}

function startLines({ start }: ContainerExplanation): string[] {
  if (!start) return [];
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `${start.at}, in ${ms(start.totalMs)}:`,
    `root file system ${ms(start.rootfsMs)}, network ${ms(start.networkMs)}, spec ${ms(start.specMs)}, runtime ${ms(start.runtimeMs)}`,
    start.firstOutputMs === null ? 'no output, or the first is no longer kept' : `first output after ${ms(start.firstOutputMs)}`,
  ];
}

function limitLine({ name, unit, limit, used, why }: LimitFact): string {
  const shown = (value: number | null, none: string): string => (value === null ? none : unit === 'bytes' ? bytesSize(value) : unit === 'cpus' ? value.toFixed(2) : String(value));
  const share = limit !== null && used !== null && limit > 0 ? `, ${String(Math.round((100 * used) / limit))} %` : '';
  return `${name.padEnd(7)} ${used === null ? '' : `${shown(used, '')} of `}${shown(limit, 'no limit')}${share}  (${why})`;
}

function throttlingLines({ throttling }: ContainerExplanation): string[] {
  if (!throttling || throttling.periods === 0) return [];
  return [`cpu was held back in ${String(throttling.throttledPeriods)} of ${String(throttling.periods)} periods, for ${throttling.throttledMs.toFixed(0)} ms`];
}

function networkLines(network: NetworkFact, columns: number): string[] {
  const place = [network.address, network.gateway === null ? null : `gateway ${network.gateway}`, network.interface === null ? null : `${network.interface} <-> ${network.hostInterface ?? '?'}`].filter((part) => part !== null);
  return [
    ellipsis(`${network.name}  ${place.join(', ')}`, columns - 2),
    ...network.ports.flatMap(({ host, rule, container }) => [`  ${host} ->`, `    ${ellipsis(rule, columns - 6)} ->`, `    ${container}`]),
  ];
}

function securityLines({ security }: ContainerExplanation, columns: number): string[] {
  const plain = security.capabilities.map((name) => name.replace('CAP_', '').toLowerCase());
  return [
    ...(security.privileged ? ['privileged: it may do what root of the machine may'] : []),
    ...(security.noNewPrivileges ? ['no new privileges: set-id programs gain nothing'] : []),
    ellipsis(`seccomp ${security.seccomp.profile}  (${security.seccomp.why})`, columns - 2),
    ...wrap(`capabilities: ${plain.length === 0 ? 'none' : plain.join(' ')}`, columns - 2),
    ...[...security.added.map((name) => `added ${name}`), ...security.dropped.map((name) => `dropped ${name}`)],
  ];
}

/** All columns but the last as wide as they need. */
function table(rows: readonly (readonly string[])[], columns: number): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  return rows.map((row) => ellipsis(row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '), columns - 2));
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
