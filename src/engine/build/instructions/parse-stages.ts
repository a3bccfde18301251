import { DockerfileError } from '../dockerfile/dockerfile-error.ts';
import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import type { DockerfileNode } from '../dockerfile/dockerfile-node.ts';
import type { ParsedDockerfile } from '../dockerfile/parse-dockerfile.ts';
import type { Instruction, InstructionOf, Stage } from './instruction.ts';
import { parseInstruction } from './parse-instruction.ts';

export interface Stages {
  /** ARG before the first FROM. */
  globalArguments: readonly InstructionOf<'arg'>[];
  /** At least one. */
  stages: readonly Stage[];
}

/**
 * Understands all instructions of a Dockerfile and groups them by stage.
 * @param seen hears of each as it is read, also where a later one is refused
 * @throws DockerfileError
 */
export function parseStages({ nodes }: Pick<ParsedDockerfile, 'nodes'>, seen: (instruction: Instruction) => void = () => undefined): Stages {
  const globalArguments: InstructionOf<'arg'>[] = [];
  const stages: { from: InstructionOf<'from'>; instructions: Instruction[] }[] = [];
  for (const node of nodes) {
    const instruction = understand(node);
    seen(instruction);
    const stage = stages.at(-1);
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArguments.push(instruction);
    else throw new DockerfileError('no build stage in current context', [node.range]);
  }
  if (stages.length === 0) throw new DockerfileError('dockerfile contains no stages to build', []);
  return { globalArguments, stages };
}

function understand(node: DockerfileNode): Instruction {
  try {
    return parseInstruction(node);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new DockerfileError(messageOf(cause), [node.range], { message: `dockerfile parse error on line ${node.range.start}: ${messageOf(cause)}`, cause });
  }
}
