import type { LineRange } from '../dockerfile/line-range.ts';
import { quote } from '../dockerfile/go-text.ts';
import type { ParsedDockerfile } from '../dockerfile/parse-dockerfile.ts';
import type { Instruction, Stage } from '../instructions/instruction.ts';
import type { Linter } from './linter.ts';

/** Rules that look at the text alone. */

export function lintLines({ emptyContinuations }: ParsedDockerfile, linter: Linter): void {
  for (const range of emptyContinuations) linter.warn('NoEmptyContinuation', range, 'Empty continuation line');
}

/** One instruction, as soon as it is read. */
export function lintInstruction(instruction: Instruction, linter: Linter): void {
  const { kind, keyword, range, comments } = instruction;
  if (kind === 'maintainer') linter.warn('MaintainerDeprecated', range, 'Maintainer instruction is deprecated in favor of using label');
  if (kind === 'arg') lintDescription('ARG', instruction.arguments.map(({ name }) => name), { comments, range }, linter);
  if (kind !== 'from') return;
  if (instruction.writtenName !== instruction.name) linter.warn('StageNameCasing', range, `Stage name '${instruction.writtenName}' should be lowercase`);
  if (instruction.as !== '' && !hasSameCase(keyword, instruction.as)) linter.warn('FromAsCasing', range, `'${instruction.as}' and '${keyword}' keywords' casing do not match`);
  if (instruction.name !== '') lintDescription('FROM', [instruction.name], { comments, range }, linter);
}

/** A keyword of mixed case is another rule's. */
function hasSameCase(keyword: string, as: string): boolean {
  if (keyword === keyword.toLowerCase()) return as === as.toLowerCase();
  return keyword !== keyword.toUpperCase() || as === as.toUpperCase();
}

function lintDescription(keyword: string, names: readonly string[], { comments, range }: { comments: readonly string[]; range: LineRange }, linter: Linter): void {
  const [word = ''] = (comments.at(-1) ?? '').split(' ', 1);
  if (comments.length === 0 || names.includes(word)) return;
  linter.warn('InvalidDefinitionDescription', range, `Comment for ${keyword} should follow the format: \`# ${names.length === 1 ? (names[0] ?? '') : '<arg_key>'} <description>\``);
}

const RESERVED = ['context', 'scratch'];

/** All stages, once they are known. */
export function lintStages(stages: readonly Stage[], linter: Linter): void {
  const names = new Set<string>();
  for (const { from: { name, range } } of stages) {
    if (RESERVED.includes(name)) linter.warn('ReservedStageName', range, `Stage name should not use the same name as reserved stage ${quote(name)}`);
    if (name !== '' && names.has(name)) linter.warn('DuplicateStageName', range, `Duplicate stage name ${quote(name)}, stage names should be unique`);
    names.add(name);
  }
  lintCasing(stages.flatMap(({ from, instructions }) => [from, ...instructions]), linter);
}

function lintCasing(instructions: readonly Instruction[], linter: Linter): void {
  const lower = instructions.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = instructions.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const [majority, fold] = lower > upper ? ['lowercase', (text: string) => text.toLowerCase()] as const : ['uppercase', (text: string) => text.toUpperCase()] as const;
  for (const { keyword, range } of instructions) {
    if (fold(keyword) !== keyword) linter.warn('ConsistentInstructionCasing', range, `Command '${keyword}' should match the case of the command majority (${majority})`);
  }
}
