import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { ShellExit } from '../../api/machine.ts';
import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { frameHeader, STDERR, STDOUT, type StreamType } from '../../api/stdcopy.ts';
import { pipeline } from 'node:stream/promises';
import { Transform } from 'node:stream';
import type { ShellRequest } from '../guest-link.ts';

const REMEMBERED_MS = 60_000;
const TERMINAL_LIMIT = 1000;

interface ShellSession {
  channel: ClientChannel;
  exit: Promise<ShellExit>;
}

/** The shells that are open in the guest through this agent. */
export class ShellSessions {
  readonly #sessions = new Map<string, ShellSession>();
  readonly #open: (request: ShellRequest) => Promise<ClientChannel>;

  constructor(open: (request: ShellRequest) => Promise<ClientChannel>) {
    this.#open = open;
  }

  async create(request: ShellRequest): Promise<{ id: string; channel: ClientChannel }> {
    const channel = await this.#open(request);
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<ShellExit>();
    channel.on('exit', (code: number | null, signal?: string) => { resolve({ exitCode: code, ...(signal === undefined ? {} : { signal: signal.replace(/^SIG/, '') }) }); });
    channel.on('close', () => { resolve({ exitCode: null }); });
    channel.on('error', () => undefined);
    this.#sessions.set(id, { channel, exit: promise });
    void promise.then(() => { setTimeout(() => this.#sessions.delete(id), REMEMBERED_MS).unref(); });
    return { id, channel };
  }

  /** @throws NotFoundError */
  resize(id: string, size: { cols: number; rows: number }): void {
    this.#get(id).channel.setWindow(size.rows, size.cols, 0, 0);
  }

  /** Resolves when the shell has ended. @throws NotFoundError */
  exit(id: string): Promise<ShellExit> {
    return this.#get(id).exit;
  }

  #get(id: string): ShellSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new NotFoundError(`no such shell: ${id}`);
    return session;
  }
}

/** Reads `cmd`, `tty`, `cols`, `rows`, `term`. @throws InvalidArgumentError */
export function parseShellRequest(query: URLSearchParams): ShellRequest {
  const command = query.get('cmd');
  const request: ShellRequest = command === null ? {} : { command };
  if (query.get('tty') !== '1') return request;
  const term = query.get('term') ?? 'xterm-256color';
  if (!/^[\w.+-]{1,40}$/.test(term)) throw new InvalidArgumentError(`invalid terminal type ${JSON.stringify(term)}`);
  return { ...request, pty: { ...parseSize(query), term } };
}

/** @throws InvalidArgumentError */
export function parseSize(query: URLSearchParams): { cols: number; rows: number } {
  const field = (name: string, usual: number): number => {
    const text = query.get(name);
    const value = text === null ? usual : Number(text);
    if (!Number.isInteger(value) || value < 1 || value > TERMINAL_LIMIT) throw new InvalidArgumentError(`invalid ${name}: ${JSON.stringify(text)}`);
    return value;
  };
  return { cols: field('cols', 80), rows: field('rows', 24) };
}

/**
 * Joins a client to a shell: its input goes in (half-close kept), output comes back raw or framed, and the client's stream is
 * ended when the shell has closed. Never rejects. Owns both.
 */
export async function joinShell(client: Duplex, channel: ClientChannel, options: { framed: boolean }): Promise<void> {
  client.on('error', () => channel.close());
  client.on('close', () => channel.close());
  client.pipe(channel);
  if (!options.framed) {
    await pipeline(channel, client).catch(() => undefined);
    return;
  }
  const copies = [pipeline(channel, framer(STDOUT), client, { end: false }), pipeline(channel.stderr, framer(STDERR), client, { end: false })];
  await Promise.allSettled(copies);
  client.end();
}

function framer(stream: StreamType): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.concat([frameHeader(stream, chunk.length), chunk]));
    },
  });
}
