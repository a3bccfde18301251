import type { ClientChannel } from 'ssh2';
import type { Logger } from '../base/log.ts';
import { NotImplementedError } from '../api/errors.ts';
import { EngineForward } from './ssh/engine-forward.ts';
import { SshConnection } from './ssh/ssh-connection.ts';
import type { EngineReach } from './vm-driver.ts';

export interface ShellRequest {
  /** Without it a login shell. */
  command?: string;
  pty?: { cols: number; rows: number; term: string };
}

/** What the agent has to a running machine: the way to its engine and to a shell in it. Made for one run, closed with it. */
export interface GuestLink extends AsyncDisposable {
  /** Resolves when the way is open. */
  connected(): Promise<void>;
  /** Makes the engine available at `path` on this host. @throws ConflictError when the path is taken. */
  publishEngine(path: string): Promise<void>;
  /** @throws NotImplementedError where there is no guest. */
  openShell(request: ShellRequest): Promise<ClientChannel>;
}

export function openGuestLink(reach: EngineReach, options: { handshakeMs: number; log: Logger }): GuestLink {
  return reach.kind === 'ssh' ? new SshLink(new SshConnection({ reach, ...options }), reach.engineSocket, options.log) : new LocalLink();
}

class SshLink implements GuestLink {
  readonly #connection: SshConnection;
  readonly #engineSocket: string;
  readonly #log: Logger;
  #forward: EngineForward | undefined;

  constructor(connection: SshConnection, engineSocket: string, log: Logger) {
    this.#connection = connection;
    this.#engineSocket = engineSocket;
    this.#log = log;
  }

  connected(): Promise<void> {
    return this.#connection.connected();
  }

  async publishEngine(path: string): Promise<void> {
    this.#forward = await EngineForward.listen({ path, open: () => this.#connection.openSocket(this.#engineSocket), log: this.#log });
  }

  openShell(request: ShellRequest): Promise<ClientChannel> {
    return this.#connection.openShell(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forward?.[Symbol.asyncDispose]();
    this.#connection.close();
  }
}

/** The engine listens on this host by itself. */
class LocalLink implements GuestLink {
  connected(): Promise<void> {
    return Promise.resolve();
  }

  publishEngine(): Promise<void> {
    return Promise.resolve();
  }

  openShell(): Promise<ClientChannel> {
    return Promise.reject(new NotImplementedError('the native driver has no guest: you are on its host already'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
