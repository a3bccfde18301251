import { InvalidArgumentError } from '../../../api/errors.ts';
import { contentOf, parseHeredocWord } from '../dockerfile/heredoc.ts';
import { quote } from '../dockerfile/go-text.ts';
import { cleanPath } from '../ignore/clean-path.ts';
import type { InstructionOf } from '../instructions/instruction.ts';
import { parseMount, type RunMount } from '../instructions/mount.ts';
import type { Input, RunOp, StepMount } from './step.ts';
import { resolvePath } from './transfer-op.ts';

export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];

interface RunContext {
  shell: readonly string[];
  workingDirectory: string;
  expand: (word: string) => string;
  /** What `from=` means. */
  find: (name: string) => Input;
}

/** What RUN does. @throws InvalidArgumentError in BuildKit's words */
export function runOp(instruction: InstructionOf<'run'>, context: RunContext): RunOp {
  const { words, isShell, network, security, devices } = instruction;
  const { text, script } = isShell ? shellText(instruction) : { text: '', script: undefined };
  const command = !isShell ? words : [...context.shell, text];
  return {
    kind: 'run', script, network, security, devices, command: script === undefined ? command : [...context.shell, `/dev/pipes/${script.name}`],
    mounts: instruction.mounts.map((mount) => stepMount(parseMount(mount, context.expand), context)),
  };
}

/** Documents of a RUN: the only word is the text itself, or a script with its own interpreter; among other words the shell reads them. */
function shellText({ words, heredocs }: InstructionOf<'run'>): { text: string; script: RunOp['script'] } {
  const text = words[0] ?? '';
  const [document] = heredocs;
  if (document === undefined) return { text, script: undefined };
  if (parseHeredocWord(text) === undefined) return { text: [text, ...heredocs.map(({ content, name }) => `\n${content}${name}`)].join(''), script: undefined };
  const data = contentOf(document);
  return data.startsWith('#!') ? { text, script: { name: document.name, data } } : { text: data, script: undefined };
}

function stepMount(mount: RunMount, { workingDirectory, find }: RunContext): StepMount {
  const { kind, from = '', source = '', target = '', readOnly, required, id = '', sharing = 'shared', variable = '', sizeBytes, mode, uid, gid } = mount;
  const common = { kind, readOnly, required, sharing, variable, sizeBytes, mode, uid, gid };
  if (kind === 'secret') return { ...common, input: undefined, source: '/', id: secretName(mount), target: secretTarget(mount, workingDirectory) };
  if (kind === 'ssh') return { ...common, input: undefined, source: '/', id: id === '' ? (source === '' ? 'default' : source) : id, target: target === '' ? '' : resolvePath(workingDirectory, target) };
  const place = resolvePath(workingDirectory, target).replace(/(?<=.)\/$/, '');
  if (place === '/') throw new InvalidArgumentError(`invalid mount target ${quote(target)}`);
  const input = kind === 'tmpfs' ? undefined : from !== '' ? find(from) : kind === 'cache' ? undefined : { kind: 'context' as const };
  return { ...common, input, source: cleanPath(`/${source}`), target: place, id: kind === 'cache' && id === '' ? cleanPath(target) : id };
}

function secretName({ id = '', source = '', target = '', variable = '' }: RunMount): string {
  const name = id !== '' ? id : source !== '' ? source : target;
  return name === '' ? variable : (cleanPath(name).split('/').at(-1) ?? name);
}

/** Where nothing is said, `/run/secrets/` and the name; with a variable and no target, only the variable. */
function secretTarget(mount: RunMount, workingDirectory: string): string {
  const { target = '', variable = '' } = mount;
  if (target !== '') return resolvePath(workingDirectory, target);
  return variable === '' ? `/run/secrets/${secretName(mount)}` : '';
}
