import type { ContainerConfig } from '../../../api/wire/container.ts';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { Platform } from '../../images/manifest.ts';
import { formatPlatform, normalize } from '../../registry/platform.ts';
import { DockerfileError, locate } from '../dockerfile/dockerfile-error.ts';
import { quote } from '../dockerfile/go-text.ts';
import { type ParsedDockerfile, parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { mountSource } from '../instructions/mount.ts';
import { parseInstruction } from '../instructions/parse-instruction.ts';
import type { Stages } from '../instructions/parse-stages.ts';
import { Linter } from '../lint/linter.ts';
import { ExpansionBudget } from '../shell/budget.ts';
import { NO_VARIABLES } from '../shell/environment.ts';
import { expand, type ExpandOptions } from '../shell/word-expander.ts';
import { type BaseImage, type BuildOptions, type ExternalSource, sourceKey } from './build-options.ts';
import { predefinedArguments, proxyEnvironment, withGlobalArguments } from './global-arguments.ts';
import { type EvaluationContext, StageEvaluator } from './stage-evaluator.ts';
import { lintDefaults, type PlannedStage, StageList } from './stage-list.ts';
import type { Input, Step } from './step.ts';

/** A stage that the target needs, ready to be run. */
export interface GraphStage {
  /** Its number in the Dockerfile. */
  index: number;
  /** Its name, or `stage-2`. */
  label: string;
  base: Exclude<Input, { kind: 'context' }>;
  platform: Platform;
  steps: readonly Step[];
  /** Of the image that it would make. */
  config: ContainerConfig;
  author: string;
}

export interface BuildGraph {
  /** Each after the stages that it takes something from; independent ones can run at the same time. */
  stages: readonly GraphStage[];
  target: GraphStage;
  /** `NAME=value` that every RUN has besides its own, outside keys and history. */
  proxyEnvironment: readonly string[];
}

/** Images whose config must be known first, because stages begin with them; or the graph. */
export type GraphResult = { kind: 'needs'; sources: readonly ExternalSource[] } | { kind: 'graph'; graph: BuildGraph };

export interface GraphInput {
  parsed: ParsedDockerfile;
  stages: Stages;
  options: BuildOptions;
  /** What is known of images, by `sourceKey`; a context that is no image has an empty config. */
  known: ReadonlyMap<string, BaseImage>;
  linter?: Linter;
  ignore?: IgnoreMatcher;
  /** For checks: every stage counts, and images that are not known are taken as empty. */
  isCheck?: boolean;
}

/**
 * The stages that the target needs and their steps, variables replaced. Asks for the config of base images first: call it again with them until
 * it gives the graph (triggers of an image may need further images).
 * @throws DockerfileError with the place
 */
export function buildGraph(input: GraphInput): GraphResult {
  return new GraphBuilder(input).build();
}

interface Trigger {
  instruction: Instruction;
  isTrigger: boolean;
}

class GraphBuilder {
  readonly #input: GraphInput;
  readonly #linter: Linter;
  readonly #expanding: ExpandOptions;
  readonly #list: StageList;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #instructions = new Map<number, readonly Trigger[]>();
  readonly #needs = new Map<string, ExternalSource>();

  constructor(input: GraphInput) {
    this.#input = input;
    this.#linter = input.linter ?? new Linter();
    this.#expanding = { escape: input.parsed.escape, budget: new ExpansionBudget() };
    const { stages: { stages, globalArguments }, options } = input;
    const target = options.target === undefined || options.target === '' ? (stages.at(-1)?.from.name ?? '') : options.target;
    const predefined = predefinedArguments(options, target);
    lintDefaults(stages, this.#quietGlobals(predefined), this.#expanding, this.#linter);
    this.#globals = withGlobalArguments(predefined, globalArguments, options.arguments, this.#expanding);
    this.#list = new StageList(stages, { options, values: this.#globals, expanding: this.#expanding, linter: this.#linter });
  }

  /** With defaults alone; a default that cannot be replaced is refused where it counts. */
  #quietGlobals(predefined: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    try {
      return withGlobalArguments(predefined, this.#input.stages.globalArguments, new Map(), this.#expanding);
    } catch (error) {
      if (error instanceof InvalidArgumentError) return predefined;
      throw error;
    }
  }

  build(): GraphResult {
    const { options, isCheck = false } = this.#input;
    const target = this.#list.target(options.target);
    const reached = new Set<number>();
    this.#reach(target, reached);
    if (isCheck && (options.target ?? '') === '') for (const stage of this.#list.stages) this.#reach(stage, reached);
    if (this.#needs.size > 0) return { kind: 'needs', sources: [...this.#needs.values()] };
    const stages = this.#evaluate([...reached].toSorted((a, b) => a - b));
    this.#linter.check();
    const made = stages.find(({ index }) => index === target.index);
    if (made === undefined) throw new DockerfileError('the target is no stage', []);
    return { kind: 'graph', graph: { stages, target: made, proxyEnvironment: proxyEnvironment(options.arguments) } };
  }

  /** Marks a stage and all that it takes something from. Stages only name stages above them, so this ends. */
  #reach(from: PlannedStage, reached: Set<number>): void {
    const open = [from];
    for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
      if (reached.has(stage.index)) continue;
      reached.add(stage.index);
      for (const index of this.#dependencies(stage)) {
        const found = this.#list.stages[index];
        if (found !== undefined) open.push(found);
      }
    }
  }

  #dependencies(stage: PlannedStage): number[] {
    const taken = this.#instructionsOf(stage).flatMap(({ instruction }) => locate(instruction.range, () => this.#sourcesOf(instruction, stage.index)));
    return [stage.base, ...taken].flatMap((input) => (input.kind === 'stage' ? input.index : []));
  }

  #sourcesOf(instruction: Instruction, index: number): Input[] {
    if (instruction.kind === 'copy' && instruction.from !== '') return [this.#find(instruction.from, index, { isNumbered: true })];
    if (instruction.kind !== 'run') return [];
    return instruction.mounts.flatMap((mount) => {
      const from = mountSource(mount);
      return from === undefined ? [] : this.#find(from, index);
    });
  }

  #find(name: string, index: number, how?: { isNumbered?: boolean }): Input {
    if (how?.isNumbered === true && expand(name, NO_VARIABLES, this.#expanding).text !== name) throw new InvalidArgumentError('variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround');
    return this.#list.find(name, index, how);
  }

  /** With the triggers of what it begins with, which come first. */
  #instructionsOf(planned: PlannedStage): readonly Trigger[] {
    const known = this.#instructions.get(planned.index);
    if (known !== undefined) return known;
    const base = this.#baseOf(planned);
    const own = planned.isReplaced ? [] : planned.stage.instructions;
    const { range } = planned.stage.from;
    const triggers = planned.isReplaced ? [] : locate(range, () => this.#triggersOf(planned, base).map((text) => this.#trigger(text, range)));
    const all = [...triggers.map((instruction) => ({ instruction, isTrigger: true })), ...own.map((instruction) => ({ instruction, isTrigger: false }))];
    this.#instructions.set(planned.index, all);
    return all;
  }

  #triggersOf({ base }: PlannedStage, image: BaseImage | undefined): readonly string[] {
    if (base.kind !== 'stage') return image?.config.OnBuild ?? [];
    return (this.#list.stages[base.index]?.stage.instructions ?? []).flatMap((instruction) => (instruction.kind === 'onbuild' ? instruction.expression : []));
  }

  #trigger(text: string, range: { start: number; end: number }): Instruction {
    this.#expanding.budget?.spend(text.length);
    const { nodes: [node, another] } = parseDockerfile(text);
    if (node === undefined || another !== undefined) throw new InvalidArgumentError('onbuild trigger should be a single expression');
    const instruction = parseInstruction({ ...node, range });
    if (instruction.kind === 'from' || instruction.kind === 'maintainer' || instruction.kind === 'onbuild') throw new InvalidArgumentError(`${node.keyword.toUpperCase()} isn't allowed as an ONBUILD trigger`);
    return instruction;
  }

  #baseOf({ base }: PlannedStage): BaseImage | undefined {
    if (base.kind !== 'source') return undefined;
    const key = sourceKey(base.source);
    const image = this.#input.known.get(key);
    if (image === undefined && this.#input.isCheck !== true) this.#needs.set(key, base.source);
    return image;
  }

  #evaluate(indexes: readonly number[]): GraphStage[] {
    const { options: { arguments: given, labels }, ignore } = this.#input;
    const context: EvaluationContext = { expanding: this.#expanding, globalArguments: this.#globals, given, linter: this.#linter, ignore };
    const evaluators = new Map<number, StageEvaluator>();
    return indexes.flatMap((index) => {
      const planned = this.#list.stages[index];
      if (planned === undefined) return [];
      const evaluator = new StageEvaluator(context, this.#startOf(planned, evaluators), (name, how) => this.#find(name, index, how));
      evaluators.set(index, evaluator);
      for (const { instruction, isTrigger } of this.#instructionsOf(planned)) evaluator.add(instruction, { isTrigger });
      const { label, base, platform } = planned;
      return [{ index, label, base, platform, steps: this.#named(planned, evaluator.steps), config: evaluator.config(labels), author: evaluator.author }];
    });
  }

  #startOf(planned: PlannedStage, evaluators: ReadonlyMap<number, StageEvaluator>): ConstructorParameters<typeof StageEvaluator>[1] {
    const { base, platform } = planned;
    const above = base.kind === 'stage' ? evaluators.get(base.index) : undefined;
    if (above !== undefined) return above;
    const image = this.#baseOf(planned);
    if (image?.platform !== undefined && base.kind === 'source') this.#lintPlatform(planned, base.source.name, image.platform);
    return { config: image?.config ?? {}, author: image?.author ?? '', platform, isKnown: base.kind !== 'source' || image !== undefined };
  }

  #lintPlatform({ platform, stage }: PlannedStage, name: string, actual: Platform): void {
    if (platform.os === actual.os && normalize(platform).architecture === normalize(actual).architecture) return;
    const [expected, found] = [platform, actual].map((each) => quote(formatPlatform(normalize(each))));
    this.#linter.warn('InvalidBaseImagePlatform', stage.from.range, `Base image ${name} was pulled with platform ${found ?? ''}, expected ${expected ?? ''} for current build`);
  }

  /** Numbers the steps that make layers, as BuildKit's progress does: the base counts as one where it is an image. */
  #named(planned: PlannedStage, steps: readonly Step[]): Step[] {
    const first = planned.base.kind === 'source' ? 1 : 0;
    const total = first + steps.filter(({ op }) => op.kind !== 'none').length;
    const stage = this.#list.stages.length === 1 ? '' : `${planned.label} `;
    let number = first;
    return steps.map((step) => {
      if (step.name === undefined) return step;
      number += 1;
      return { ...step, name: `[${stage}${String(number).padStart(String(total).length)}/${total}] ${step.isTrigger ? 'ONBUILD ' : ''}${step.name}` };
    });
  }
}
