import { constants } from 'node:os';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ContainerConfig } from '../../../api/wire/container.ts';
import type { Platform } from '../../images/manifest.ts';
import { locate } from '../dockerfile/dockerfile-error.ts';
import { quote } from '../dockerfile/go-text.ts';
import { cleanPath } from '../ignore/clean-path.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import type { Instruction, InstructionOf } from '../instructions/instruction.ts';
import { nearest } from '../instructions/suggest.ts';
import type { LineRange } from '../dockerfile/line-range.ts';
import type { Linter } from '../lint/linter.ts';
import { isSecretName } from '../lint/secret-names.ts';
import { expand, type ExpandOptions } from '../shell/word-expander.ts';
import { expandPairs, expandTransfer, oneValue } from './expand-instruction.ts';
import { parseExposed } from './exposed-ports.ts';
import { configHistory, documentSummary, runHistory, shorten, transferHistory } from './history-text.ts';
import { DEFAULT_SHELL, runOp } from './run-op.ts';
import { Scope } from './scope.ts';
import { StageConfig, type ConfigChange } from './stage-config.ts';
import type { Input, Step, StepOp } from './step.ts';
import { resolvePath, transferOp } from './transfer-op.ts';

/** What is the same for all stages of a build. */
export interface EvaluationContext {
  expanding: ExpandOptions;
  globalArguments: ReadonlyMap<string, string>;
  given: ReadonlyMap<string, string>;
  linter: Linter;
  ignore: IgnoreMatcher | undefined;
}

export interface StageStart {
  config: ContainerConfig;
  author: string;
  platform: Platform;
  /** Whether all variables of the base are known: what is not there is not undefined. */
  isKnown: boolean;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Arguments that speak to the builder and never become variables. */
const NO_VARIABLES: readonly string[] = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'];
/** A range of a few characters is a list of thousands. */
const PORT_COST = 64;
/** What counts once in a stage. */
type Once = 'cmd' | 'entrypoint' | 'healthcheck';

/** Reads the instructions of one stage in order and makes steps of them. */
export class StageEvaluator {
  readonly #context: EvaluationContext;
  readonly #find: (name: string, how?: { isNumbered?: boolean }) => Input;
  readonly #config: StageConfig;
  readonly #scope: Scope;
  readonly #isKnown: boolean;
  readonly #declared: Set<string>;
  readonly #once = new Map<Once, LineRange>();
  readonly #steps: Step[] = [];
  #author: string;
  #hasWorkingDirectory: boolean;

  constructor(context: EvaluationContext, start: StageStart | StageEvaluator, find: (name: string, how?: { isNumbered?: boolean }) => Input) {
    this.#context = context;
    this.#find = find;
    if (start instanceof StageEvaluator) {
      this.#config = new StageConfig({ ...start.#config.toConfig(), OnBuild: null });
      this.#scope = new Scope(start.#scope);
      this.#declared = new Set(start.#declared);
      this.#author = start.#author;
      this.#hasWorkingDirectory = start.#hasWorkingDirectory;
      this.#isKnown = start.#isKnown;
      return;
    }
    const env = start.config.Env ?? [];
    const withPath = start.platform.os === 'windows' || env.some((entry) => entry.startsWith('PATH=')) ? env : [...env, DEFAULT_PATH];
    this.#config = new StageConfig({ ...start.config, Env: withPath, OnBuild: null });
    this.#scope = new Scope();
    for (const entry of withPath) {
      const equals = entry.indexOf('=');
      if (equals > 0) this.#scope.setEnvironment(entry.slice(0, equals), entry.slice(equals + 1));
    }
    this.#declared = new Set();
    this.#author = start.author;
    this.#hasWorkingDirectory = false;
    this.#isKnown = start.isKnown;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  get author(): string {
    return this.#author;
  }

  config(labels: Readonly<Record<string, string>> = {}): ContainerConfig {
    const config = this.#config.toConfig();
    return Object.keys(labels).length === 0 ? config : { ...config, Labels: { ...config.Labels, ...labels } };
  }

  /** @throws DockerfileError */
  add(instruction: Instruction, { range = instruction.range, isTrigger = false } = {}): void {
    locate(range, () => this.#dispatch(instruction, range, isTrigger));
  }

  #dispatch(instruction: Instruction, range: LineRange, isTrigger: boolean): void {
    const word = (text: string): string => this.#expand(text, range);
    const step = (made: { op?: StepOp; change?: ConfigChange; createdBy?: string }): void => {
      const createdBy = made.createdBy ?? (made.change === undefined ? '' : configHistory(made.change));
      this.#push(instruction, { range, isTrigger, createdBy, op: made.op ?? { kind: 'none' }, change: made.change });
    };
    switch (instruction.kind) {
      case 'from': throw new InvalidArgumentError("FROM isn't allowed as an ONBUILD trigger");
      case 'arg': step({ createdBy: this.#declare(instruction, range) }); return;
      case 'env': case 'label': {
        for (const { isLegacy } of instruction.pairs) if (isLegacy) this.#context.linter.warn('LegacyKeyValueFormat', range, `"${instruction.keyword} key=value" should be used instead of legacy "${instruction.keyword} key value" format`);
        const pairs = expandPairs(instruction, word);
        if (instruction.kind === 'env') for (const [name] of pairs) this.#lintSecret('ENV', name, range);
        step({ change: { kind: instruction.kind, pairs } });
        return;
      }
      case 'run': step(this.#run(instruction, word)); return;
      case 'add': case 'copy': step(this.#transfer(instruction, range, word)); return;
      case 'cmd': case 'entrypoint': {
        this.#lintOnce(instruction, range);
        const words = instruction.isShell ? [...this.#lintedShell(instruction, range), instruction.words.join(' ')] : instruction.words;
        step({ change: instruction.kind === 'cmd' ? { kind: 'cmd', words } : { kind: 'entrypoint', words: instruction.words.length === 0 ? [] : words, keepsCommand: this.#once.has('cmd') } });
        return;
      }
      case 'healthcheck':
        this.#lintOnce(instruction, range);
        step({ change: { kind: 'healthcheck', health: instruction.health } });
        return;
      case 'expose': step({ change: { kind: 'expose', ports: instruction.ports.flatMap((port) => this.#exposed(port, range)) } }); return;
      case 'volume': {
        const paths = instruction.paths.map(word);
        if (paths.includes('')) throw new InvalidArgumentError('VOLUME specified can not be an empty string');
        step({ change: { kind: 'volume', paths } });
        return;
      }
      case 'workdir': step(this.#workdir(oneValue(instruction, word), range)); return;
      case 'user': step({ change: { kind: 'user', value: oneValue(instruction, word) } }); return;
      case 'stopsignal': step({ change: { kind: 'stopsignal', value: checkSignal(oneValue(instruction, word)) } }); return;
      case 'shell': step({ change: { kind: 'shell', words: instruction.words } }); return;
      case 'onbuild': step({ change: { kind: 'onbuild', value: instruction.expression } }); return;
      case 'maintainer':
        this.#author = instruction.author;
        step({ change: { kind: 'maintainer', value: instruction.author } });
    }
  }

  #push({ keyword, source, kind, ...rest }: Instruction, made: Pick<Step, 'range' | 'isTrigger' | 'createdBy' | 'op' | 'change'>): void {
    const { change, op } = made;
    const workingDirectory = this.#workingDirectory;
    const user = this.#config.user;
    if (change !== undefined) {
      this.#config.apply(change);
      if (change.kind === 'env') for (const [name, value] of change.pairs) this.#scope.setEnvironment(name, value);
    }
    const documents = kind === 'run' && 'heredocs' in rest && op.kind === 'run' ? rest.heredocs.slice(0, 1).map(({ content }) => ` (${documentSummary(content)})`) : [];
    const name = op.kind === 'none' ? undefined : `${shorten(source.replace(/^\S+/, keyword.toUpperCase()))}${documents.join('')}`;
    this.#steps.push({ keyword: keyword.toUpperCase(), source, name, scope: this.#scope.view(), workingDirectory, user, ...made });
  }

  /** What a short line makes a long result of counts as if it were values. */
  #spend(amount: number): void {
    this.#context.expanding.budget?.spend(amount);
  }

  get #workingDirectory(): string {
    const path = this.#config.workingDirectory;
    return path === '' ? '/' : cleanPath(`/${path}`);
  }

  #expand(text: string, range: LineRange, options: ExpandOptions = {}): string {
    return this.#expandAll(text, range, options).text;
  }

  #expandAll(text: string, range: LineRange, options: ExpandOptions = {}): ReturnType<typeof expand> {
    const expansion = expand(text, this.#scope, { ...this.#context.expanding, ...options });
    const { linter } = this.#context;
    for (const name of expansion.unmatched) {
      if (!this.#isKnown || name === '' || this.#declared.has(name) || NO_VARIABLES.includes(name) || !linter.wants('UndefinedVar')) continue;
      const near = nearest(name, this.#scope.names());
      linter.warn('UndefinedVar', range, `Usage of undefined variable '$${name}'${near === undefined ? '' : ` (did you mean $${near}?)`}`);
    }
    return expansion;
  }

  /** @returns the line of the history */
  #declare({ arguments: declared }: InstructionOf<'arg'>, range: LineRange): string {
    const shown = declared.map(({ name, value }) => {
      this.#lintSecret('ARG', name, range);
      const known = this.#context.given.get(name) ?? (value === undefined ? this.#context.globalArguments.get(name) : this.#expand(value, range));
      this.#declared.add(name);
      if (!NO_VARIABLES.includes(name)) this.#scope.setArgument(name, known);
      return known === undefined ? name : `${name}=${known}`;
    });
    return `ARG ${shown.join(' ')}`;
  }

  #run(instruction: InstructionOf<'run'>, word: (text: string) => string): { op: StepOp; createdBy: string } {
    const op = runOp(instruction, { shell: this.#config.shell ?? DEFAULT_SHELL, workingDirectory: this.#workingDirectory, expand: word, find: (name) => this.#find(name) });
    const shown = [...this.#declared].map((name) => `${name}=${this.#scope.get(name) ?? ''}`);
    this.#spend(shown.reduce((sum, { length }) => sum + length, 0));
    return { op, createdBy: runHistory(op.command, shown) };
  }

  #transfer(written: InstructionOf<'add'> | InstructionOf<'copy'>, range: LineRange, word: (text: string) => string): { op: StepOp; createdBy: string } {
    const instruction = expandTransfer(written, word, (text) => this.#expand(text, range, { escape: '\\', plainQuotes: true }));
    const from = instruction.kind === 'copy' ? instruction.from : '';
    const op = transferOp(instruction, { input: from === '' ? { kind: 'context' } : this.#find(from, { isNumbered: true }), workingDirectory: this.#workingDirectory });
    if (op.input.kind === 'context') for (const source of instruction.sources) this.#lintIgnored(instruction.kind, source, range);
    return { op, createdBy: transferHistory(instruction.keyword.toUpperCase(), op, instruction) };
  }

  #workdir(path: string, range: LineRange): { op: StepOp; change: ConfigChange; createdBy: string } {
    if (!this.#hasWorkingDirectory && !path.startsWith('/')) this.#context.linter.warn('WorkdirRelativePath', range, `Relative workdir ${quote(path)} can have unexpected results if the base image changes`);
    this.#hasWorkingDirectory = true;
    const value = resolvePath(this.#workingDirectory, path).replace(/(?<=.)\/$/, '');
    const op: StepOp = value === '/' ? { kind: 'none' } : { kind: 'mkdir', path: value, user: this.#config.user };
    return { op, change: { kind: 'workdir', value }, createdBy: `WORKDIR ${value}` };
  }

  #exposed(port: string, range: LineRange): readonly string[] {
    const { linter } = this.#context;
    return this.#expandAll(port, range, { splits: true }).words.flatMap((word) => {
      const { ports, hasHostPart, protocol } = parseExposed(word);
      if (protocol !== protocol.toLowerCase()) linter.warn('ExposeProtoCasing', range, `Defined protocol '${word}' in EXPOSE instruction should be lowercase`);
      if (hasHostPart) linter.warn('ExposeInvalidFormat', range, `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`);
      this.#spend(ports.length * PORT_COST);
      return ports;
    });
  }

  #lintedShell({ keyword }: Instruction, range: LineRange): readonly string[] {
    if (this.#config.shell === undefined) this.#context.linter.warn('JSONArgsRecommended', range, `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`);
    return this.#config.shell ?? DEFAULT_SHELL;
  }

  /** The one before is told, for it is the one that does not count. */
  #lintOnce({ kind, keyword }: InstructionOf<Once>, range: LineRange): void {
    const before = this.#once.get(kind);
    if (before !== undefined) this.#context.linter.warn('MultipleInstructionsDisallowed', before, `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`);
    this.#once.set(kind, range);
  }

  #lintSecret(keyword: string, name: string, range: LineRange): void {
    if (isSecretName(name)) this.#context.linter.warn('SecretsUsedInArgOrEnv', range, `Do not use ARG or ENV instructions for sensitive data (${keyword} ${quote(name)})`);
  }

  #lintIgnored(kind: 'add' | 'copy', source: string, range: LineRange): void {
    const { ignore, linter } = this.#context;
    // With exceptions it cannot be told from the patterns alone.
    if (ignore === undefined || ignore.hasExceptions || source.includes('://') || !linter.wants('CopyIgnoredFile')) return;
    const path = cleanPath(source);
    const isRoot = path === '.' || path === '/';
    if (isRoot ? ignore.patterns.some((pattern) => ['*', '**', '**/*'].includes(pattern)) : ignore.excludes(path)) {
      linter.warn('CopyIgnoredFile', range, `Attempting to ${kind === 'add' ? 'Add' : 'Copy'} file ${quote(path)} that is excluded by .dockerignore`);
    }
  }
}

function checkSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const isKnown = /^\d{1,3}$/.test(text) ? Number(text) >= 1 && Number(text) <= 64 : `SIG${name}` in constants.signals || /^RT(MIN(\+\d|\+1[0-5])?|MAX(-\d|-1[0-4])?)$/.test(name);
  if (!isKnown) throw new InvalidArgumentError(`invalid signal: ${text}`);
  return text;
}
