import { constants } from 'node:os';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ContainerConfig } from '../../../api/wire/container.ts';
import { type ChangeLine, execForm, nameValues, parseChangeLines } from './change-line.ts';
import { parseHealthcheck } from './healthcheck-change.ts';
import { expandWord } from './word-expander.ts';

interface Changing {
  config: ContainerConfig;
  /** Whether one of the lines has said what the command is: only then a new entrypoint leaves it. */
  commandSet: boolean;
}

type Change = (line: ChangeLine, changing: Changing) => void;

/** @throws InvalidArgumentError when there is not one argument, which may hold spaces */
function onlyArgument(line: ChangeLine, { config }: Changing): string {
  if (line.rest === '') throw new InvalidArgumentError(`${line.keyword.toUpperCase()} requires exactly one argument`);
  return expandWord(line.rest, config.Env ?? []);
}

function commandOf({ rest }: ChangeLine, { config }: Changing): string[] {
  return execForm(rest) ?? [...(config.Shell ?? ['/bin/sh', '-c']), ...(rest === '' ? [] : [rest])];
}

const CHANGES: Readonly<Record<string, Change>> = {
  cmd: (line, changing) => {
    changing.config.Cmd = commandOf(line, changing);
    changing.commandSet = true;
  },
  entrypoint: (line, changing) => {
    const words = line.rest === '' ? [] : commandOf(line, changing);
    changing.config.Entrypoint = words.length === 0 ? null : words;
    if (!changing.commandSet) changing.config.Cmd = null;
  },
  env: ({ rest }, { config }) => {
    const before = config.Env ?? [];
    for (const [written, value] of nameValues('ENV', rest)) {
      const name = expandWord(written, before);
      if (name === '') throw new InvalidArgumentError('ENV names can not be blank');
      const entry = `${name}=${expandWord(value, before)}`;
      const env = config.Env ?? [];
      const at = env.findIndex((known) => known.startsWith(`${name}=`));
      config.Env = at === -1 ? [...env, entry] : env.with(at, entry);
    }
  },
  label: ({ rest }, { config }) => {
    const env = config.Env ?? [];
    const labels = nameValues('LABEL', rest).map(([name, value]): [string, string] => {
      if (name === '') throw new InvalidArgumentError('LABEL names can not be blank');
      return [expandWord(name, env), expandWord(value, env)];
    });
    config.Labels = { ...config.Labels, ...Object.fromEntries(labels) };
  },
  expose: ({ rest }, { config }) => {
    if (rest === '') throw new InvalidArgumentError('EXPOSE requires at least one argument');
    const words = rest.split(/\s+/).flatMap((word) => expandWord(word, config.Env ?? []).split(/\s+/)).filter((word) => word !== '');
    config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(words.flatMap(exposedPorts).map((port) => [port, {}])) };
  },
  volume: ({ rest }, { config }) => {
    const words = execForm(rest) ?? rest.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) throw new InvalidArgumentError('VOLUME requires at least one argument');
    const paths = words.map((word) => expandWord(word, config.Env ?? []).trim());
    if (paths.includes('')) throw new InvalidArgumentError('VOLUME specified can not be an empty string');
    config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  },
  workdir: (line, changing) => {
    const path = onlyArgument(line, changing);
    if (path === '') throw new InvalidArgumentError('cannot normalize nothing');
    const base = changing.config.WorkingDir ?? '';
    changing.config.WorkingDir = path.startsWith('/') ? path : `${base === '' || base === '/' ? '' : base}/${path}`;
  },
  user: (line, changing) => { changing.config.User = onlyArgument(line, changing); },
  stopsignal: (line, changing) => {
    const signal = onlyArgument(line, changing);
    if (!isSignal(signal)) throw new InvalidArgumentError(`Invalid signal: ${signal}`);
    changing.config.StopSignal = signal;
  },
  healthcheck: (line, { config }) => { config.Healthcheck = parseHealthcheck(line); },
  onbuild: ({ rest, original }, { config }) => {
    const trigger = /^\S*/.exec(rest)?.[0].toUpperCase() ?? '';
    if (trigger === '') throw new InvalidArgumentError('ONBUILD requires at least one argument');
    if (trigger === 'ONBUILD') throw new InvalidArgumentError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'FROM' || trigger === 'MAINTAINER') throw new InvalidArgumentError(`${trigger} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), original.replace(/^\S+\s*/, '')];
  },
};

/**
 * Applies instructions of the Dockerfile language to an image's config, as `docker commit --change` and `docker import --change` do. All of
 * them are looked at before any is applied. Source: Engine API, ImageCommit and ImageCreate, "changes".
 * @param changes each one or more lines; none leave the config as it is
 * @returns a new config
 * @throws InvalidArgumentError in docker's words
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  if (changes.length === 0) return config;
  const lines = parseChangeLines(changes);
  for (const { keyword, flags } of lines) {
    if (!Object.hasOwn(CHANGES, keyword)) throw new InvalidArgumentError(`${keyword} is not a valid change command`);
    const [flag] = flags;
    if (flag !== undefined && keyword !== 'healthcheck') throw new InvalidArgumentError(`Unknown flag: ${flag.slice(2).split('=', 1)[0] ?? ''}`);
  }
  const changing: Changing = { config: { ...config }, commandSet: false };
  for (const line of lines) CHANGES[line.keyword]?.(line, changing);
  return changing.config;
}

const RANGE_LIMIT = 65_535;

/** `80`, `80/udp`, `8000-8010`, `127.0.0.1:80:80`: what counts is the container's side. */
function exposedPorts(text: string): string[] {
  const [spec = '', protocol = 'tcp'] = text.split('/', 2);
  const container = spec.slice(spec.lastIndexOf(':') + 1);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw new InvalidArgumentError(`Invalid proto: ${protocol}`);
  const [first, last = first] = container.split('-', 2).map((digits) => (/^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN));
  if (first === undefined || last === undefined || !(first <= last && last <= RANGE_LIMIT)) throw new InvalidArgumentError(`Invalid containerPort: ${container}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

function isSignal(text: string): boolean {
  if (/^\d{1,3}$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return `SIG${name}` in constants.signals || /^RT(MIN(\+\d|\+1[0-5])?|MAX(-\d|-1[0-4])?)$/.test(name);
}
