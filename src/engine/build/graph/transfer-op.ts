import { InvalidArgumentError } from '../../../api/errors.ts';
import { cleanPath } from '../ignore/clean-path.ts';
import type { InstructionOf } from '../instructions/instruction.ts';
import { parseGitSource, type GitSource } from './git-source.ts';
import type { Input, TransferOp, TransferSource } from './step.ts';

type Transfer = InstructionOf<'add'> | InstructionOf<'copy'>;

/**
 * What ADD and COPY do, from an instruction whose variables are replaced.
 * @param workingDirectory where relative destinations begin
 * @throws InvalidArgumentError in BuildKit's words
 */
export function transferOp(instruction: Transfer, { input, workingDirectory }: { input: Input; workingDirectory: string }): TransferOp {
  const { sources, files, chown, chmod, link, exclude, destination } = instruction;
  checkMode(chmod);
  if (instruction.kind === 'add') checkChecksum(instruction);
  const parents = instruction.kind === 'copy' && instruction.parents;
  return {
    kind: 'transfer', input, destination: resolvePath(workingDirectory, destination), chown, chmod, link, parents, exclude,
    sources: [...sources.map((source) => sourceOf(source, instruction)), ...files.map(({ name, data }) => ({ kind: 'file' as const, name, data }))],
  };
}

/** An absolute path; a slash or a dot at the end stays as a slash, for it says "directory". */
export function resolvePath(workingDirectory: string, path: string): string {
  const clean = cleanPath(`/${path.startsWith('/') ? '' : `${workingDirectory}/`}${path}`);
  const isDirectory = /(?:^|\/)\.?$/.test(path);
  return isDirectory && clean !== '/' ? `${clean}/` : clean;
}

const SYMBOLIC = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+$/;

function checkMode(chmod: string): void {
  if (chmod === '' || /^0*[0-7]{1,4}$/.test(chmod) || (!/^\d/.test(chmod) && chmod.split(',').every((clause) => SYMBOLIC.test(clause)))) return;
  throw new InvalidArgumentError(`invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`);
}

function checkChecksum({ checksum, sources }: InstructionOf<'add'>): void {
  if (checksum === '') return;
  const [source = ''] = sources;
  if (sources.length !== 1) throw new InvalidArgumentError("checksum can't be specified for multiple sources");
  const isGit = parseGitSource(source) !== undefined;
  if (!isGit && !isUrl(source)) throw new InvalidArgumentError('checksum requires HTTP(S) or Git sources');
  if (isGit ? !/^[0-9a-f]+$/i.test(checksum) : !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-f0-9]{32,}$/i.test(checksum)) throw new InvalidArgumentError('invalid checksum digest format');
}

function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

function sourceOf(source: string, instruction: Transfer): TransferSource {
  const git = parseGitSource(source);
  if (instruction.kind === 'copy') {
    if (git !== undefined) throw new InvalidArgumentError("source can't be a git ref for COPY");
    if (isUrl(source)) throw new InvalidArgumentError("source can't be a URL for COPY");
    return instruction.parents ? withParents(source) : { kind: 'path', path: cleanPath(`/${source}`), pattern: undefined, isRequired: true, unpack: false };
  }
  if (git !== undefined) return withFlags(git, instruction);
  if (isUrl(source)) return { kind: 'url', url: source, fileName: fileNameOf(source), checksum: instruction.checksum, unpack: instruction.unpack ?? false };
  return { kind: 'path', path: cleanPath(`/${source}`), pattern: undefined, isRequired: true, unpack: instruction.unpack ?? true };
}

function withFlags(git: GitSource, { keepGitDir, checksum }: InstructionOf<'add'>): GitSource {
  if (keepGitDir !== undefined && git.keepGitDir !== undefined && keepGitDir !== git.keepGitDir) throw new InvalidArgumentError('inconsistent keep-git-dir configuration');
  if (checksum !== '' && git.checksum !== '' && checksum !== git.checksum) throw new InvalidArgumentError(`checksum mismatch "${checksum}" != "${git.checksum}"`);
  return { ...git, keepGitDir: git.keepGitDir ?? keepGitDir, checksum: git.checksum === '' ? checksum : git.checksum };
}

function fileNameOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const name = path.split('/').findLast((part) => part !== '') ?? '';
  return name === '' ? '__unnamed__' : decodeName(name);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** `a/./b/c`: of `a`, what matches `b/c`, with its parents from there on. */
function withParents(source: string): TransferSource {
  const pivot = source.indexOf('/./');
  const path = cleanPath(`/${pivot === -1 ? '' : source.slice(0, pivot)}`);
  const pattern = cleanPath(`/${pivot === -1 ? source : source.slice(pivot + 3)}`).slice(1);
  return { kind: 'path', path, pattern, isRequired: !hasWildcards(path) && !hasWildcards(pattern), unpack: false };
}

function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replaceAll(/\\./gs, ''));
}
