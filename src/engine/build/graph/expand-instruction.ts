import { trim } from '../dockerfile/go-text.ts';
import type { Instruction, InstructionOf } from '../instructions/instruction.ts';

/** Puts variables into one word. */
export type Expand = (word: string) => string;

type Transfer = InstructionOf<'add'> | InstructionOf<'copy'>;

export function expandTransfer<T extends Transfer>(instruction: T, expand: Expand, expandText: Expand): T {
  const { chown, chmod, sources, destination, exclude, files } = instruction;
  return {
    ...instruction, chown: expand(chown), chmod: expand(chmod), sources: sources.map(expand), destination: expand(destination), exclude: exclude.map(expand),
    files: files.map((file) => (file.expands ? { ...file, data: expandText(file.data) } : file)),
    ...(instruction.kind === 'add' ? { checksum: expand(instruction.checksum) } : {}),
  };
}

export function expandPairs({ pairs }: InstructionOf<'env'> | InstructionOf<'label'>, expand: Expand): (readonly [string, string])[] {
  return pairs.map(({ name, value }) => [expand(name), expand(value)]);
}

/** What an instruction says of itself in the history where variables count. */
export function oneValue(instruction: Extract<Instruction, { kind: 'user' | 'workdir' | 'stopsignal' }>, expand: Expand): string {
  switch (instruction.kind) {
    case 'user': return expand(instruction.user);
    case 'workdir': return trim(expand(instruction.path));
    case 'stopsignal': return expand(instruction.signal);
  }
}
