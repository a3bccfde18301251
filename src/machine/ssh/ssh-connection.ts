import { timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import type { EngineReach } from '../vm-driver.ts';
import type { Logger } from '../../base/log.ts';
import { UnavailableError } from '../../api/errors.ts';
import { publicKeyBlob } from './openssh-keys.ts';

type SshReach = Extract<EngineReach, { kind: 'ssh' }>;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** How long a new stream waits for a connection that is being mended. */
const PATIENCE_MS = 15_000;
/** A guest that sent nothing for 3 intervals is gone. */
const KEEPALIVE_INTERVAL_MS = 10_000;
const KEEPALIVE_MISSES = 3;

/**
 * The agent's one ssh connection to the guest. Kept up until `close`: when it breaks it is made again, with growing pauses.
 * The guest's key is pinned: nobody else on the port is talked to.
 */
export class SshConnection {
  readonly #reach: SshReach;
  readonly #log: Logger;
  readonly #handshakeMs: number;
  readonly #closing = new AbortController();
  #ready: Promise<Client>;
  #client: Client | undefined;

  /** Begins to connect at once. @param handshakeMs how long one attempt may take. */
  constructor(options: { reach: SshReach; handshakeMs: number; log: Logger }) {
    this.#reach = options.reach;
    this.#handshakeMs = options.handshakeMs;
    this.#log = options.log;
    this.#ready = this.#keepTrying();
  }

  /** Resolves when the connection is up. @throws UnavailableError once closed. */
  async connected(): Promise<void> {
    await this.#ready;
  }

  /** A stream to a unix socket in the guest. @throws UnavailableError when the guest or its socket does not answer. */
  async openSocket(path: string): Promise<ClientChannel> {
    const client = await this.#usable();
    return this.#open(`${path} in the guest`, (done) => { client.openssh_forwardOutStreamLocal(path, done); });
  }

  /** A login shell, or `command` run by it; with a terminal if `pty` is given. */
  async openShell(options: { command?: string; pty?: { cols: number; rows: number; term: string } }): Promise<ClientChannel> {
    const client = await this.#usable();
    const pty = options.pty === undefined ? undefined : { ...options.pty, width: 0, height: 0, modes: {} };
    const { command } = options;
    return this.#open('a shell in the guest', (done) => {
      if (command !== undefined) client.exec(command, pty === undefined ? {} : { pty }, done);
      else client.shell(pty ?? false, done);
    });
  }

  close(): void {
    this.#closing.abort();
    this.#client?.destroy();
  }

  async #usable(): Promise<Client> {
    const patience = new AbortController();
    try {
      return await Promise.race([
        this.#ready,
        sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => { throw new UnavailableError('the connection to the machine is being mended'); }),
      ]);
    } finally {
      patience.abort();
    }
  }

  async #open(what: string, open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void): Promise<ClientChannel> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
    try {
      open((error, channel) => {
        if (error === undefined) resolve(channel);
        else reject(new UnavailableError(`cannot reach ${what}: ${error.message}`, { cause: error }));
      });
    } catch (error) {
      // ssh2 throws here, instead of calling back, when the connection has just gone.
      reject(new UnavailableError(`cannot reach ${what}: the connection to the machine is gone`, { cause: error }));
    }
    return promise;
  }

  async #keepTrying(): Promise<Client> {
    for (let pauseMs = FIRST_RETRY_MS; ; pauseMs = Math.min(LAST_RETRY_MS, pauseMs * 2)) {
      if (this.#closing.signal.aborted) throw new UnavailableError('the machine is going down');
      const startedAt = performance.now();
      try {
        const client = await this.#connect();
        this.#log.info('ssh connected', { ms: Math.round(performance.now() - startedAt) });
        return client;
      } catch (error) {
        this.#log.debug('ssh attempt failed', { error });
      }
      await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  async #connect(): Promise<Client> {
    const client = new ssh2.Client();
    const { promise, resolve, reject } = Promise.withResolvers<Client>();
    client.on('ready', () => { resolve(client); });
    client.on('error', (error) => {
      this.#log.debug('ssh error', { error });
      reject(error);
    });
    client.on('close', () => {
      reject(new UnavailableError('the guest closed the ssh connection'));
      if (this.#client === client) this.#mend();
    });
    this.#client?.destroy();
    this.#client = undefined;
    client.connect(this.#config());
    await promise;
    client.setNoDelay(true);
    if (this.#closing.signal.aborted) client.destroy();
    this.#client = client;
    return client;
  }

  #mend(): void {
    this.#client = undefined;
    if (this.#closing.signal.aborted) return;
    this.#log.info('ssh connection lost, connecting again');
    this.#ready = this.#keepTrying();
    this.#ready.catch(() => undefined);
  }

  #config(): ConnectConfig {
    const pinned = publicKeyBlob(this.#reach.hostKey);
    return {
      host: this.#reach.host, port: this.#reach.port, username: this.#reach.username, privateKey: this.#reach.privateKey,
      readyTimeout: this.#handshakeMs, keepaliveInterval: KEEPALIVE_INTERVAL_MS, keepaliveCountMax: KEEPALIVE_MISSES,
      // openssh_forwardOutStreamLocal is refused for other vendors otherwise; the pinned key already says who the server is.
      strictVendor: false,
      hostVerifier: (key: Buffer) => pinned !== undefined && key.length === pinned.length && timingSafeEqual(key, pinned),
      algorithms: { serverHostKey: ['ssh-ed25519'], kex: ['curve25519-sha256'], cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com'], compress: ['none'] },
    };
  }
}
