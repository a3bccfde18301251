import { createHash } from 'node:crypto';
import type { Input, Step, StepMount } from './step.ts';

/** Changes when what a step does with the same inputs changes. */
const VERSION = 1;

/**
 * What a step's result depends on, as one text: equal keys, equal files. Place, time, names of stages and comments do not count, nor does what
 * changes the config alone: such a step hands its parent's key on.
 * @param parent key of what the step begins with
 * @param inputs keys of what `inputsOf(step)` names, in that order: digests of contents for a context, keys for stages and images
 */
export function stepKey(parent: string, step: Step, inputs: readonly string[] = []): string {
  const { op } = step;
  if (op.kind === 'none') return parent;
  const seen = op.kind === 'run' ? { scope: step.scope.digest, workingDirectory: step.workingDirectory, user: step.user } : {};
  const plain = op.kind === 'run' ? { ...op, mounts: op.mounts.map(plainMount) } : op.kind === 'transfer' ? { ...op, input: undefined } : op;
  return createHash('sha256').update(canonical([VERSION, parent, plain, seen, inputs])).digest('hex');
}

/** What a secret holds and where it comes from is nobody's business: another token is no reason to build anew. */
function plainMount({ input, ...mount }: StepMount): unknown {
  return { ...mount, hasInput: input !== undefined };
}

/** JSON with keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))) : each));
}

/** What a step takes files from besides what it begins with, each once per use. */
export function inputsOf({ op }: Pick<Step, 'op'>): Input[] {
  if (op.kind === 'run') return op.mounts.flatMap(({ input }) => input ?? []);
  return op.kind === 'transfer' && op.sources.some(({ kind }) => kind === 'path') ? [op.input] : [];
}
