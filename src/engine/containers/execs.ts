import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ConflictError, InvalidArgumentError, messageOf, NotFoundError } from '../../api/errors.ts';
import { frameHeader, STDOUT } from '../../api/stdcopy.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import { buildProcess } from '../runtime/spec.ts';
import type { RunningProcess, Runtime } from '../runtime/runtime.ts';
import { resolveUser } from '../runtime/user.ts';
import { announce } from './container-events.ts';
import { removeDirectory } from './container-mounts.ts';
import type { Container } from './container.ts';
import { startFailureCode } from './exit-code.ts';
import { joinStreams } from './join-streams.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What `docker exec` asked for, checked. */
export interface ExecConfig {
  command: readonly [string, ...string[]];
  /** Empty: the container's. */
  user: string;
  workingDirectory: string;
  environment: readonly string[];
  tty: boolean;
  privileged: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  detachKeys: Buffer;
  consoleSize?: { columns: number; rows: number };
  /** A check of health: nobody is left to hear of it when the engine has gone. */
  isProbe?: true;
}

export interface Exec {
  /** 64 hex digits. */
  readonly id: string;
  readonly container: Container;
  readonly config: ExecConfig;
  process: RunningProcess | undefined;
  /** Resolves when it runs. */
  started: Promise<RunningProcess> | undefined;
  state: 'created' | 'running' | 'ended';
  exitCode: number | undefined;
}

/** An exec that has ended can still be asked about for this many later ones. */
const KEPT_ENDED = 1000;

/** Further processes in running containers. They are known as long as the engine lives; the processes may live longer. */
export class Execs {
  readonly #runtime: Runtime;
  readonly #lifecycle: Lifecycle;
  readonly #events: EventBus;
  readonly #log: Logger;
  readonly #byId = new Map<string, Exec>();

  constructor(options: { runtime: Runtime; lifecycle: Lifecycle; events: EventBus; log: Logger }) {
    this.#runtime = options.runtime;
    this.#lifecycle = options.lifecycle;
    this.#events = options.events;
    this.#log = options.log;
  }

  /** @throws ConflictError when the container does not run */
  create(container: Container, config: ExecConfig): Exec {
    if (container.record.state.phase === 'paused') throw new ConflictError(`container ${container.id} is paused, unpause the container before exec`);
    if (!container.running) throw new ConflictError(`container ${container.id} is not running`);
    const exec: Exec = { id: randomBytes(32).toString('hex'), container, config, process: undefined, started: undefined, state: 'created', exitCode: undefined };
    this.#byId.set(exec.id, exec);
    this.#forgetOldest();
    announce(this.#events, container.record, `exec_create: ${config.command.join(' ')}`, { execID: exec.id });
    return exec;
  }

  /** @throws NotFoundError */
  get(id: string): Exec {
    const exec = this.#byId.get(id) ?? (id.length >= 12 ? [...this.#byId.values()].find((candidate) => candidate.id.startsWith(id)) : undefined);
    if (!exec) throw new NotFoundError(`No such exec instance: ${id}`);
    return exec;
  }

  /** Execs of a container that have not ended. */
  idsOf(container: Container): string[] {
    return [...this.#byId.values()].filter((exec) => exec.container === container && exec.state !== 'ended').map((exec) => exec.id);
  }

  /**
   * Starts an exec. `open` gives the client's connection once everything is checked; without it nobody listens.
   * What fails after `open` is told in the stream, as dockerd does, and in the exit code.
   * @throws ConflictError when it has been started before or the container does not run
   */
  async start(exec: Exec, options: { tty?: boolean; consoleSize?: { columns: number; rows: number }; open?: () => Duplex }): Promise<void> {
    const { container, config } = exec;
    if (exec.state !== 'created') throw new ConflictError(`exec command ${exec.id} has already run`);
    if (container.record.state.phase === 'paused') throw new ConflictError(`container ${container.id} is paused, unpause the container before exec`);
    if (!container.running) throw new ConflictError(`container ${container.id} is not running`);
    exec.state = 'running';
    const client = options.open?.();
    announce(this.#events, container.record, `exec_start: ${config.command.join(' ')}`, { execID: exec.id });
    try {
      await this.#run(exec, { ...options, client });
    } catch (error) {
      exec.state = 'ended';
      exec.exitCode = startFailureCode(error);
      announce(this.#events, container.record, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
      if (!client) throw error;
      tellFailure(client, messageOf(error), config.tty);
    }
  }

  async #run(exec: Exec, options: { consoleSize?: { columns: number; rows: number }; client: Duplex | undefined }): Promise<void> {
    const { container, config } = exec;
    const { client } = options;
    const consoleSize = options.consoleSize ?? config.consoleSize;
    const directory = join(execsDirectory(container), config.isProbe === true ? `${PROBE_PREFIX}${exec.id.slice(0, 15)}` : exec.id.slice(0, 16));
    const started = Promise.withResolvers<RunningProcess>();
    started.resolve(this.#runtime.exec({
      containerId: container.id, processDirectory: directory, process: this.#ociProcess(container, config),
      stdio: { tty: config.tty, openStdin: config.stdin && client !== undefined, stdinOnce: true, ...(consoleSize ? { consoleSize } : {}) },
      beforeStart: async (streams) => {
        if (!client) return;
        const attached = await streams.attach({ stdin: config.stdin, stdout: config.stdout, stderr: config.stderr });
        void joinStreams(client, attached, { stdin: config.stdin, started: started.promise, ...(config.tty && config.stdin ? { detachKeys: config.detachKeys } : {}) }).then((end) => {
          if (end === 'detached') announce(this.#events, container.record, 'exec_detach', { execID: exec.id });
        });
      },
    }));
    exec.started = started.promise;
    const process = await started.promise;
    exec.process = process;
    this.#log.info('exec started', { id: exec.id, container: container.id, pid: process.pid });
    void process.exited.then(async (exit) => {
      exec.state = 'ended';
      exec.exitCode = exit.code;
      exec.process = undefined;
      announce(this.#events, container.record, 'exec_die', { execID: exec.id, exitCode: String(exit.code) });
      await removeDirectory(directory);
    }).catch((error: unknown) => { this.#log.warn('cannot clear an exec away', { id: exec.id, error }); });
  }

  #ociProcess(container: Container, config: ExecConfig): ReturnType<typeof buildProcess> {
    const { record, paths } = container;
    const input = this.#lifecycle.specInput(container, { namespace: undefined });
    return buildProcess({
      ...input, args: config.command,
      config: {
        ...record.config, Tty: config.tty, Env: [...(record.config.Env ?? []), ...config.environment],
        ...(config.workingDirectory === '' ? {} : { WorkingDir: config.workingDirectory }),
      },
      hostConfig: { ...record.hostConfig, ...(config.privileged ? { Privileged: true } : {}) },
      user: config.user === '' ? input.user : resolveUser(paths.rootfs, config.user, record.hostConfig.GroupAdd ?? []),
    });
  }

  /** @throws ConflictError when it does not run */
  async resize(exec: Exec, columns: number, rows: number): Promise<void> {
    // A client resizes as soon as it has asked for the start.
    const process = exec.state === 'running' ? await exec.started?.catch(() => undefined) : undefined;
    if (!process) throw new ConflictError(`exec ${exec.id} is not running`);
    await process.resize(columns, rows);
  }

  #forgetOldest(): void {
    if (this.#byId.size <= KEPT_ENDED) return;
    for (const [id, exec] of this.#byId) {
      if (exec.state !== 'ended' && this.#isAlive(exec)) continue;
      this.#byId.delete(id);
      return;
    }
  }

  #isAlive(exec: Exec): boolean {
    return exec.container.running;
  }
}

/** No id begins so. */
const PROBE_PREFIX = 'p';

function execsDirectory({ paths }: Container): string {
  return join(paths.runDirectory, 'x');
}

/** Ends the checks of health that an engine which has gone had under way in a container that still runs. Looks at once, so that those of this engine are not taken for them. */
export async function endProbes(container: Container, runtime: Pick<Runtime, 'recover'>): Promise<void> {
  const directories = execsDirectory(container);
  const names = existsSync(directories) ? readdirSync(directories) : [];
  await Promise.all(names.filter((name) => name.startsWith(PROBE_PREFIX)).map(async (name) => {
    const directory = join(directories, name);
    const found = await runtime.recover(directory);
    if (found && 'exited' in found) {
      found.signal(-constants.signals.SIGKILL);
      await found.exited;
    }
    await removeDirectory(directory);
  }));
}

/** @throws InvalidArgumentError for an empty command */
export function checkCommand(command: readonly string[]): readonly [string, ...string[]] {
  const [first, ...rest] = command;
  if (first === undefined) throw new InvalidArgumentError('No exec command specified');
  return [first, ...rest];
}

function tellFailure(client: Duplex, message: string, tty: boolean): void {
  const text = Buffer.from(`${message}\r\n`);
  if (!tty) client.write(frameHeader(STDOUT, text.length));
  client.end(text);
}
