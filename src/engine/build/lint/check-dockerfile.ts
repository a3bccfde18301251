import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import { DockerfileError } from '../dockerfile/dockerfile-error.ts';
import { renderExcerpt } from '../dockerfile/excerpt.ts';
import { type LineRange, mergeRanges } from '../dockerfile/line-range.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { buildGraph } from '../graph/build-graph.ts';
import type { BaseImage, BuildOptions } from '../graph/build-options.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import { parseStages } from '../instructions/parse-stages.ts';
import { Linter, parseLintOptions, type LintWarning } from './linter.ts';
import { lintInstruction, lintLines, lintStages } from './text-rules.ts';

export interface CheckResult {
  /** In the order of the file. */
  warnings: readonly LintWarning[];
  /** Why the Dockerfile cannot be built, if so; what was found before it is told too. */
  error: { message: string; ranges: readonly LineRange[] } | undefined;
}

export interface CheckInput {
  text: string;
  options: BuildOptions;
  /** Configs of base images by `sourceKey`, as far as they are known: others are taken as empty, and their variables as set. */
  known?: ReadonlyMap<string, BaseImage>;
  ignore?: IgnoreMatcher;
}

/** All that the rules find in a Dockerfile, in every stage unless there is a target. Throws nothing that the text can cause. */
export function checkDockerfile({ text, options, known = new Map(), ignore }: CheckInput): CheckResult {
  let linter = new Linter();
  try {
    const parsed = parseDockerfile(text);
    const directive = parsed.directives.find(({ name }) => name === 'check')?.value;
    linter = new Linter(parseLintOptions(options.arguments.get('BUILDKIT_DOCKERFILE_CHECK') ?? directive ?? ''));
    const lint = linter;
    lintLines(parsed, lint);
    const stages = parseStages(parsed, (instruction) => lintInstruction(instruction, lint));
    lintStages(stages.stages, lint);
    buildGraph({ parsed, stages, options, known, linter: lint, isCheck: true, ...(ignore === undefined ? {} : { ignore }) });
    return { warnings: linter.warnings, error: undefined };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return { warnings: linter.warnings, error: { message: messageOf(error), ranges: error instanceof DockerfileError ? mergeRanges(error.ranges) : [] } };
  }
}

/** For people: every warning with the lines that it is about, as `docker build --check` prints it. */
export function renderCheck({ warnings, error }: CheckResult, { file, text }: { file: string; text: string }): string {
  const total = warnings.length === 0 ? 'Check complete, no warnings found.\n' : `Check complete, ${warnings.length} warning${warnings.length === 1 ? ' has' : 's have'} been found!\n`;
  const blocks = warnings.map(({ rule, detail, description, ranges }) => `\nWARNING: ${rule}\n${description}\n${detail === description ? '' : `${detail}\n`}${renderExcerpt({ file, text, ranges })}`);
  const failure = error === undefined ? '' : `\nERROR: ${error.message}\n${renderExcerpt({ file, text, ranges: error.ranges })}`;
  return [error === undefined || warnings.length > 0 ? total : '', ...blocks, failure].join('');
}
