import { InvalidArgumentError } from '../../../api/errors.ts';
import { parseBoolean, quote } from '../dockerfile/go-text.ts';
import type { LineRange } from '../dockerfile/line-range.ts';
import { DockerfileError } from '../dockerfile/dockerfile-error.ts';
import { LINT_RULES, type LintRule, type LintRuleName } from './lint-rules.ts';

export interface LintWarning {
  rule: LintRuleName;
  description: string;
  /** What is wrong in this place. */
  detail: string;
  ranges: readonly LineRange[];
}

export interface LintOptions {
  skipAll: boolean;
  skip: readonly string[];
  /** Warnings end the build. */
  isError: boolean;
  experimentalAll: boolean;
  experimental: readonly string[];
}

/**
 * Reads what `# check=` and the build argument BUILDKIT_DOCKERFILE_CHECK say: `skip=A,B;error=true;experimental=all`.
 * @throws InvalidArgumentError
 */
export function parseLintOptions(text: string): LintOptions {
  const options: LintOptions = { skipAll: false, skip: [], isError: false, experimentalAll: false, experimental: [] };
  if (text.trim() === '') return options;
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1) throw new InvalidArgumentError(`invalid check option ${quote(part)}`);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const names = value.split(',').map((name) => name.trim());
    if (key === 'skip') Object.assign(options, value === 'all' ? { skipAll: true } : { skip: names });
    else if (key === 'experimental') Object.assign(options, value === 'all' ? { experimentalAll: true } : { experimental: names });
    else if (key === 'error') {
      const isError = parseBoolean(value);
      if (isError === undefined) throw new InvalidArgumentError(`failed to parse check option ${quote(part)}: invalid syntax`);
      options.isError = isError;
    } else throw new InvalidArgumentError(`invalid check option ${quote(key)}`);
  }
  return options;
}

/** More would fill memory and screen, and say nothing new. */
const WARNINGS_LIMIT = 1000;

/** Collects what the rules find, as far as the options want it. */
export class Linter {
  readonly #options: LintOptions;
  readonly #warnings: LintWarning[] = [];

  constructor(options: LintOptions = parseLintOptions('')) {
    this.#options = options;
  }

  /** Whether a warning is of interest: finding the words for one may cost something. */
  wants(rule: LintRuleName): boolean {
    return this.#warnings.length < WARNINGS_LIMIT && this.#isOn(rule);
  }

  warn(rule: LintRuleName, range: LineRange, detail: string): void {
    if (!this.wants(rule)) return;
    this.#warnings.push({ rule, description: LINT_RULES[rule].description, detail, ranges: [range] });
  }

  #isOn(rule: LintRuleName): boolean {
    const { skipAll, skip, experimentalAll, experimental } = this.#options;
    const { isExperimental = false }: LintRule = LINT_RULES[rule];
    if (isExperimental) return experimentalAll || experimental.includes(rule);
    // A rule that is asked for by name runs whatever else is skipped.
    return experimental.includes(rule) || (!skipAll && !skip.includes(rule));
  }

  /** In the order of the file. */
  get warnings(): readonly LintWarning[] {
    return this.#warnings.toSorted((a, b) => (a.ranges[0]?.start ?? 0) - (b.ranges[0]?.start ?? 0));
  }

  /** @throws DockerfileError when there are warnings and the options make them errors */
  check(): void {
    const [first] = this.warnings;
    if (first === undefined || !this.#options.isError) return;
    const rules = [...new Set(this.warnings.map(({ rule }) => rule))];
    throw new DockerfileError(`lint violation found for rules: ${rules.join(', ')}`, first.ranges);
  }
}
