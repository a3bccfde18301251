import { InvalidArgumentError } from '../../../api/errors.ts';
import type { DockerfileNode } from '../dockerfile/dockerfile-node.ts';
import { quote, trim } from '../dockerfile/go-text.ts';
import { readFlags } from './flags.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { Argument, Body, Instruction, NameValue } from './instruction.ts';
import { parseRun } from './run.ts';
import { withSuggestion } from './suggest.ts';
import { parseAdd, parseCopy } from './transfer.ts';

const KINDS: Readonly<Record<Body['kind'], (node: DockerfileNode) => Body>> = {
  add: parseAdd,
  arg: (node) => ({ kind: 'arg', arguments: argumentsOf(plain(node)) }),
  cmd: (node) => ({ kind: 'cmd', words: plain(node).words, isShell: !node.isJson }),
  copy: parseCopy,
  entrypoint: (node) => ({ kind: 'entrypoint', words: plain(node).words, isShell: !node.isJson }),
  env: (node) => ({ kind: 'env', pairs: pairsOf(plain(node)) }),
  expose: (node) => ({ kind: 'expose', ports: atLeastOne(plain(node)).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)) }),
  from: parseFrom,
  healthcheck: (node) => ({ kind: 'healthcheck', health: parseHealthcheck(node) }),
  label: (node) => ({ kind: 'label', pairs: pairsOf(plain(node)) }),
  maintainer: (node) => ({ kind: 'maintainer', author: exactlyOne(plain(node)) }),
  onbuild: parseOnbuild,
  run: parseRun,
  shell: (node) => ({ kind: 'shell', words: shellOf(plain(node)) }),
  stopsignal: (node) => ({ kind: 'stopsignal', signal: exactlyOne(plain(node)) }),
  user: (node) => ({ kind: 'user', user: exactlyOne(plain(node)) }),
  volume: (node) => ({ kind: 'volume', paths: volumesOf(plain(node)) }),
  workdir: (node) => ({ kind: 'workdir', path: exactlyOne(plain(node)) }),
};

/**
 * Understands one instruction.
 * @throws InvalidArgumentError in BuildKit's words
 */
export function parseInstruction(node: DockerfileNode): Instruction {
  const parse = Object.entries(KINDS).find(([kind]) => kind === node.keyword.toLowerCase())?.[1];
  if (parse === undefined) throw new InvalidArgumentError(withSuggestion(`unknown instruction: ${shorten(node.keyword)}`, node.keyword, Object.keys(KINDS).map((kind) => kind.toUpperCase()), { ignoreCase: true }));
  return { ...parse(node), keyword: node.keyword, source: trim(node.original), range: node.range, comments: node.comments };
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** What takes no flags refuses them. */
function plain(node: DockerfileNode): DockerfileNode {
  readFlags(node.flags);
  return node;
}

function atLeastOne({ keyword, words }: DockerfileNode): readonly string[] {
  if (words.length === 0) throw new InvalidArgumentError(`${keyword.toUpperCase()} requires at least one argument`);
  return words;
}

function exactlyOne({ keyword, words }: DockerfileNode): string {
  const [only] = words;
  if (only === undefined || words.length !== 1) throw new InvalidArgumentError(`${keyword.toUpperCase()} requires exactly one argument`);
  return only;
}

function blankName(keyword: string): InvalidArgumentError {
  return new InvalidArgumentError(`${keyword.toUpperCase()} names can not be blank`);
}

function argumentsOf(node: DockerfileNode): Argument[] {
  return atLeastOne(node).map((word) => {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word : word.slice(0, equals);
    if (name === '') throw blankName('ARG');
    return { name, value: equals === -1 ? undefined : word.slice(equals + 1), description: descriptionOf(node.comments, name) };
  });
}

function pairsOf(node: DockerfileNode): NameValue[] {
  const words = atLeastOne(node);
  const pairs: NameValue[] = [];
  for (let at = 0; at < words.length; at += 3) {
    const [name = '', value = '', separator = ''] = words.slice(at, at + 3);
    if (name === '') throw blankName(node.keyword);
    pairs.push({ name, value, isLegacy: separator === '' });
  }
  return pairs;
}

function shellOf(node: DockerfileNode): readonly string[] {
  const words = atLeastOne(node);
  if (!node.isJson) throw new InvalidArgumentError('SHELL requires the arguments to be in JSON form');
  return words;
}

function volumesOf(node: DockerfileNode): string[] {
  const paths = atLeastOne(node).map(trim);
  if (paths.includes('')) throw new InvalidArgumentError('VOLUME specified can not be an empty string');
  return paths;
}

const STAGE_NAME = /^[a-z][a-z0-9\-_.]*$/;

function parseFrom(node: DockerfileNode): Body {
  const [base = '', as = '', writtenName = ''] = node.words;
  const isNamed = node.words.length === 3 && as.toLowerCase() === 'as';
  if (!isNamed && node.words.length !== 1) throw new InvalidArgumentError('FROM requires either one or three arguments');
  const name = writtenName.toLowerCase();
  if (isNamed && !STAGE_NAME.test(name)) throw new InvalidArgumentError(`invalid name for build stage: ${quote(writtenName)}, name can't start with a number or contain symbols`);
  const flags = readFlags(node.flags, { platform: 'text' });
  return { kind: 'from', base, name, as, writtenName, platform: flags.text('platform') };
}

function parseOnbuild(node: DockerfileNode): Body {
  if (node.trigger === undefined) throw new InvalidArgumentError('ONBUILD requires at least one argument');
  readFlags(node.flags);
  const keyword = node.trigger.keyword.toUpperCase();
  if (keyword === 'ONBUILD') throw new InvalidArgumentError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword === 'FROM' || keyword === 'MAINTAINER') throw new InvalidArgumentError(`${keyword} isn't allowed as an ONBUILD trigger`);
  const documents = node.heredocs.map(({ content, name }) => `\n${content}${name}`);
  return { kind: 'onbuild', expression: [node.trigger.original, ...documents].join('') };
}

/** What a comment above says of an argument or a stage: `# name description`. */
export function descriptionOf(comments: readonly string[], name: string): string {
  return name === '' ? '' : (comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1) ?? '');
}
