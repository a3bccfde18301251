import { InvalidArgumentError } from '../../../api/errors.ts';
import type { DockerfileNode } from '../dockerfile/dockerfile-node.ts';
import { contentOf, parseHeredocWord, type Heredoc } from '../dockerfile/heredoc.ts';
import { type Flags, readFlags } from './flags.ts';
import type { AddInstruction, CopyInstruction, InlineFile, Transfer } from './instruction.ts';

const COMMON = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;

/** Source: Dockerfile reference, "ADD". @throws InvalidArgumentError in BuildKit's words */
export function parseAdd(node: DockerfileNode): AddInstruction {
  requireDestination(node, 'ADD');
  const flags = readFlags(node.flags, { ...COMMON, 'keep-git-dir': 'boolean', checksum: 'text', unpack: 'boolean' });
  return { kind: 'add', ...transferOf(node, 'ADD', flags), checksum: flags.text('checksum'), keepGitDir: flags.boolean('keep-git-dir'), unpack: flags.boolean('unpack') };
}

/** Source: Dockerfile reference, "COPY". @throws InvalidArgumentError in BuildKit's words */
export function parseCopy(node: DockerfileNode): CopyInstruction {
  requireDestination(node, 'COPY');
  const flags = readFlags(node.flags, { ...COMMON, from: 'text', parents: 'boolean' });
  return { kind: 'copy', ...transferOf(node, 'COPY', flags), from: flags.text('from'), parents: flags.boolean('parents') ?? false };
}

function requireDestination({ words }: DockerfileNode, keyword: string): void {
  if (words.length < 2) throw new InvalidArgumentError(`${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`);
}

function transferOf({ words, heredocs, isJson }: DockerfileNode, keyword: string, flags: Flags): Transfer {
  const destination = words.at(-1) ?? '';
  const documentOf = isJson ? () => undefined : lookUp(heredocs);
  if (!isJson && isDocument(destination)) throw new InvalidArgumentError(`${keyword} cannot accept a heredoc as a destination`);
  const sources: string[] = [];
  const files: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const document = documentOf(word);
    if (document === undefined) sources.push(word);
    else files.push({ name: document.name, data: contentOf(document), expands: document.expands });
  }
  return { sources, files, destination, chown: flags.text('chown'), chmod: flags.text('chmod'), link: flags.boolean('link') ?? false, exclude: flags.list('exclude') };
}

function lookUp(heredocs: readonly Heredoc[]): (word: string) => Heredoc | undefined {
  const byName = new Map(heredocs.map((heredoc) => [heredoc.name, heredoc]));
  return (word) => {
    const found = word.includes('<<') ? quietly(word) : undefined;
    return found === undefined ? undefined : { ...found, content: byName.get(found.name)?.content ?? '' };
  };
}

function isDocument(word: string): boolean {
  return word.includes('<<') && quietly(word) !== undefined;
}

function quietly(word: string): Heredoc | undefined {
  try {
    return parseHeredocWord(word);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}
