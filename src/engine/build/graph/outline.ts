import type { LineRange } from '../dockerfile/line-range.ts';
import { descriptionOf } from '../instructions/parse-instruction.ts';
import type { Stages } from '../instructions/parse-stages.ts';
import type { BuildGraph } from './build-graph.ts';

/** A stage that can be asked for. What `--call targets` tells. */
export interface Target {
  /** Empty if it has no name. */
  name: string;
  description: string;
  isDefault: boolean;
  /** As written, both. */
  base: string;
  platform: string;
  range: LineRange;
}

export function listTargets({ stages }: Stages): Target[] {
  return stages.map(({ from: { name, base, platform, range, comments } }, index) => ({ name, description: descriptionOf(comments, name), isDefault: index === stages.length - 1, base, platform, range }));
}

/** What a target takes from outside. What `--call outline` tells. */
export interface Outline {
  name: string;
  description: string;
  arguments: readonly { name: string; value: string | undefined; description: string; range: LineRange }[];
  secrets: readonly { name: string; isRequired: boolean; range: LineRange }[];
  agents: readonly { name: string; isRequired: boolean; range: LineRange }[];
}

/** In the order of the file, each name once. */
export function outline(graph: BuildGraph, { stages, globalArguments }: Stages): Outline {
  const { index } = graph.target;
  const { name = '', comments = [] } = stages[index]?.from ?? {};
  const found: Record<'arguments' | 'secrets' | 'agents', Map<string, Outline['arguments'][number] & { isRequired: boolean }>> = { arguments: new Map(), secrets: new Map(), agents: new Map() };
  const add = (kind: keyof typeof found, each: { name: string; value?: string | undefined; description?: string; isRequired?: boolean; range: LineRange }): void => {
    if (!found[kind].has(each.name)) found[kind].set(each.name, { value: undefined, description: '', isRequired: false, ...each });
  };
  for (const { arguments: declared, range } of globalArguments) for (const argument of declared) add('arguments', { ...argument, range });
  for (const stage of graph.stages) {
    for (const instruction of stages[stage.index]?.instructions ?? []) {
      if (instruction.kind === 'arg') for (const argument of instruction.arguments) add('arguments', { ...argument, range: instruction.range });
    }
    for (const { op, range } of stage.steps) {
      for (const { kind, id, required } of op.kind === 'run' ? op.mounts : []) {
        if (kind === 'secret' || kind === 'ssh') add(kind === 'secret' ? 'secrets' : 'agents', { name: id, isRequired: required, range });
      }
    }
  }
  const sorted = (kind: keyof typeof found): (Outline['arguments'][number] & { isRequired: boolean })[] => [...found[kind].values()].toSorted((a, b) => a.range.start - b.range.start);
  return {
    name, description: descriptionOf(comments, name),
    arguments: sorted('arguments').map(({ name: argument, value, description, range }) => ({ name: argument, value, description, range })),
    secrets: sorted('secrets').map(({ name: secret, isRequired, range }) => ({ name: secret, isRequired, range })),
    agents: sorted('agents').map(({ name: agent, isRequired, range }) => ({ name: agent, isRequired, range })),
  };
}
