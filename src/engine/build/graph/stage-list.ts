import { InvalidArgumentError } from '../../../api/errors.ts';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '../../images/reference.ts';
import type { Platform } from '../../images/manifest.ts';
import { formatPlatform, normalize, parsePlatform } from '../../registry/platform.ts';
import { DockerfileError, locate } from '../dockerfile/dockerfile-error.ts';
import { quote } from '../dockerfile/go-text.ts';
import { nearest, withSuggestion } from '../instructions/suggest.ts';
import type { Stage } from '../instructions/instruction.ts';
import type { Linter } from '../lint/linter.ts';
import { expand, type ExpandOptions, type Expansion } from '../shell/word-expander.ts';
import type { BuildOptions, ExternalSource } from './build-options.ts';
import { shorten } from './history-text.ts';
import type { Input } from './step.ts';

/** A stage with what it begins with. */
export interface PlannedStage {
  index: number;
  stage: Stage;
  /** For people: its name, or `stage-2`. */
  label: string;
  base: Exclude<Input, { kind: 'context' }>;
  platform: Platform;
  /** A context of the command line stands in for it: nothing of it is run. */
  isReplaced: boolean;
}

const STAGES_LIMIT = 1000;

/** Resolves names in FROM, `--from` and `from=`. */
export class StageList {
  readonly stages: readonly PlannedStage[];
  readonly #options: BuildOptions;
  readonly #byName = new Map<string, number[]>();

  /** @throws DockerfileError */
  constructor(stages: readonly Stage[], { options, values, expanding, linter }: { options: BuildOptions; values: ReadonlyMap<string, string>; expanding: ExpandOptions; linter: Linter }) {
    this.#options = options;
    if (stages.length > STAGES_LIMIT) throw new DockerfileError(`${stages.length} stages are more than ${STAGES_LIMIT}`, []);
    const planned: PlannedStage[] = [];
    for (const [index, stage] of stages.entries()) {
      planned.push(locate(stage.from.range, () => this.#plan(index, stage, planned, { values, expanding, linter })));
      const { name } = stage.from;
      if (name !== '') this.#byName.set(name, [...(this.#byName.get(name) ?? []), index]);
    }
    this.stages = planned;
  }

  get #target(): Platform {
    return this.#options.targetPlatform ?? this.#options.buildPlatform;
  }

  #plan(index: number, stage: Stage, before: readonly PlannedStage[], { values, expanding, linter }: { values: ReadonlyMap<string, string>; expanding: ExpandOptions; linter: Linter }): PlannedStage {
    const { from } = stage;
    const base = expand(from.base, values, expanding);
    lintArguments(base, stage, values, linter);
    if (base.text === '') throw new InvalidArgumentError(`base name (${from.base}) should not be blank`);
    const platform = from.platform === '' ? undefined : this.#platform(stage, values, expanding, linter);
    const label = from.name === '' ? `stage-${index}` : from.name;
    const replaced = from.name === '' ? undefined : this.#context(from.name, platform ?? this.#target);
    if (replaced !== undefined) return { index, stage, label, base: { kind: 'source', source: replaced }, platform: replaced.platform, isReplaced: true };
    const above = this.#byName.get(base.text.toLowerCase())?.at(-1);
    if (above !== undefined) return { index, stage, label, base: { kind: 'stage', index: above }, platform: platform ?? before[above]?.platform ?? this.#target, isReplaced: false };
    const own = platform ?? this.#target;
    if (base.text === 'scratch') return { index, stage, label, base: { kind: 'scratch' }, platform: own, isReplaced: false };
    return { index, stage, label, base: { kind: 'source', source: this.#external(base.text, own) }, platform: own, isReplaced: false };
  }

  #platform({ from }: Stage, values: ReadonlyMap<string, string>, expanding: ExpandOptions, linter: Linter): Platform {
    const expansion = expand(from.platform, values, expanding);
    lintArguments(expansion, { from }, values, linter);
    lintPlatform(expansion, { from }, values, linter);
    const [unknown = ''] = expansion.unmatched;
    if (expansion.text === '') throw new InvalidArgumentError(withSuggestion(`empty platform value from expression ${from.platform}`, unknown, values.keys()));
    try {
      return parsePlatform(expansion.text, this.#options.buildPlatform);
    } catch (cause) {
      throw new InvalidArgumentError(withSuggestion(`failed to parse platform ${from.platform}: ${cause instanceof Error ? cause.message : ''}`, unknown, values.keys()), { cause });
    }
  }

  /** What `--build-context` says of a name, first for this platform. */
  #context(name: string, platform: Platform): ExternalSource | undefined {
    const { contexts } = this.#options;
    if (contexts === undefined || ['scratch', 'context'].includes(name.toLowerCase())) return undefined;
    const familiar = familiarOf(name);
    const location = contexts.get(`${familiar}::${formatPlatform(normalize(platform))}`) ?? contexts.get(familiar);
    return location === undefined ? undefined : { kind: 'context', name, location, platform };
  }

  #external(name: string, platform: Platform): ExternalSource {
    const context = this.#context(name, platform);
    if (context !== undefined) return context;
    try {
      return { kind: 'image', name, location: canonicalName(withDefaultTag(parseReference(name))), platform };
    } catch (cause) {
      throw new InvalidArgumentError(`failed to parse stage name ${quote(shorten(name, 300))}: ${cause instanceof Error ? cause.message : ''}`, { cause });
    }
  }

  /**
   * What `--from` of COPY and `from=` of a mount mean in a stage.
   * @param index of that stage
   * @throws InvalidArgumentError for a stage that comes later, or not at all
   */
  find(name: string, index: number, { isNumbered = false } = {}): Exclude<Input, { kind: 'context' }> {
    const found = isNumbered && /^\d{1,9}$/.test(name) ? Number(name) : this.#named(name.toLowerCase(), index);
    if (found === undefined) return name === 'scratch' ? { kind: 'scratch' } : { kind: 'source', source: this.#external(name, this.stages[index]?.platform ?? this.#target) };
    if (this.stages[found] === undefined) throw new InvalidArgumentError(`invalid stage index ${found}`);
    if (found === index) throw new InvalidArgumentError(`circular dependency detected on stage: ${this.stages[index]?.label ?? ''}`);
    if (found > index) throw new InvalidArgumentError(`cannot copy from stage ${quote(name)}, it needs to be defined before current stage ${quote(this.stages[index]?.label ?? '')}`);
    return { kind: 'stage', index: found };
  }

  /** Of several with one name the last above, else one that is no use. */
  #named(name: string, index: number): number | undefined {
    const all = this.#byName.get(name);
    return all?.findLast((each) => each < index) ?? all?.at(-1);
  }

  /** @throws InvalidArgumentError for an unknown name */
  target(name = ''): PlannedStage {
    const index = name === '' ? this.stages.length - 1 : this.#byName.get(name.toLowerCase())?.at(-1);
    const stage = index === undefined ? undefined : this.stages[index];
    if (stage === undefined) throw new InvalidArgumentError(withSuggestion(`target stage ${quote(name)} could not be found`, name, this.#byName.keys()));
    return stage;
  }
}

function familiarOf(name: string): string {
  try {
    return familiarName(parseReference(name)).replace(/:latest$/, '');
  } catch {
    return name;
  }
}

function lintArguments({ unmatched }: Expansion, { from: { range } }: Pick<Stage, 'from'>, values: ReadonlyMap<string, string>, linter: Linter): void {
  for (const name of unmatched) {
    if (values.has(name) || !linter.wants('UndefinedArgInFrom')) continue;
    const near = nearest(name, values.keys());
    linter.warn('UndefinedArgInFrom', range, `FROM argument '${name}' is not declared${near === undefined ? '' : ` (did you mean ${near}?)`}`);
  }
}

function lintPlatform({ text, matched, unmatched }: Expansion, { from: { range, platform, name } }: Pick<Stage, 'from'>, values: ReadonlyMap<string, string>, linter: Linter): void {
  if (unmatched.size === 0 && matched.size === 1 && matched.has('TARGETPLATFORM') && text === values.get('TARGETPLATFORM')) linter.warn('RedundantTargetPlatform', range, `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`);
  if (matched.size > 0 || unmatched.size > 0 || text === '') return;
  if (text.split('/').slice(0, 2).some((part) => name.includes(part.toLowerCase()))) return;
  linter.warn('FromPlatformFlagConstDisallowed', range, `FROM --platform flag should not use constant value ${quote(text)}`);
}

/** Whether FROM still names an image where no argument is given. */
export function lintDefaults(stages: readonly Stage[], values: ReadonlyMap<string, string>, expanding: ExpandOptions, linter: Linter): void {
  for (const { from: { base, range } } of stages) {
    try {
      parseReference(expand(base, values, expanding).text);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      linter.warn('InvalidDefaultArgInFrom', range, `Default value for ARG ${base} results in empty or invalid base image name`);
    }
  }
}
