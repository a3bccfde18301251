import { randomInt } from 'node:crypto';
import type { SocketKind } from '../../linux/namespace-socket.ts';
import { AnswerCache } from './answer-cache.ts';
import { type Query, RCODE, udpLimit, writeAnswer } from './message.ts';
import type { Upstream } from './name-table.ts';
import { exchange, type UpstreamAnswer } from './upstream-exchange.ts';

/** resolv.conf(5) knows no more. */
const MOST_SERVERS = 3;
/** A server that has said nothing for so long is not waited for alone. */
const PATIENCE_MS = 600;
/** Resolvers give up after five seconds: they get an answer before. */
const DEADLINE_MS = 4500;
const ROUNDS = 2;
/** Of one container at once. */
const MOST_WAITING = 256;

/** Asks the servers outside on behalf of one container. */
export class Forwarder {
  readonly #namespace: string;
  #upstreams: readonly Upstream[] = [];
  #cache = new AnswerCache();
  readonly #waiting = new Map<string, Promise<Buffer | undefined>>();
  readonly #running = new Set<AbortController>();

  /** @param namespace of the container */
  constructor(namespace: string, upstreams: readonly Upstream[]) {
    this.#namespace = namespace;
    this.use(upstreams);
  }

  /** Asks these servers from now on; what others have said is forgotten. */
  use(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams.slice(0, MOST_SERVERS);
    this.#cache = new AnswerCache();
  }

  /**
   * The first good answer of a server, or what the last one said, or that nobody could be asked. Equal questions at once are asked once.
   * @param message the query as it came
   */
  async ask(query: Query, message: Buffer, kind: SocketKind): Promise<Buffer> {
    const key = cacheKey(query, message);
    const kept = key === undefined ? undefined : this.#cache.get(key);
    if (kept && (kind === 'tcp' || kept.length <= udpLimit(query))) return addressed(kept, query);
    const shared = `${kind} ${key ?? message.toString('latin1')}`;
    const present = this.#waiting.get(shared);
    const waiting = present ?? this.#askAll(query, message, kind, key).finally(() => { this.#waiting.delete(shared); });
    if (!present) this.#waiting.set(shared, waiting);
    const bytes = await waiting;
    return bytes ? addressed(Buffer.from(bytes), query) : writeAnswer(query, RCODE.serverFailure, [], udpLimit(query));
  }

  async #askAll(query: Query, original: Buffer, kind: SocketKind, key: string | undefined): Promise<Buffer | undefined> {
    if (this.#upstreams.length === 0 || this.#running.size >= MOST_WAITING) return undefined;
    const over = new AbortController();
    const deadline = setTimeout(() => { over.abort(); }, DEADLINE_MS);
    this.#running.add(over);
    try {
      const found = await this.#race(query, original, kind, over.signal);
      if (found && key !== undefined && isGood(found)) this.#cache.put(key, found);
      return found?.bytes;
    } finally {
      clearTimeout(deadline);
      this.#running.delete(over);
      over.abort();
    }
  }

  /** Asks one server after the other, the next when one fails or says nothing for a while, and a silent one again. */
  #race(query: Query, original: Buffer, kind: SocketKind, signal: AbortSignal): Promise<UpstreamAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<UpstreamAnswer | undefined>();
    const plan = Array.from({ length: ROUNDS }, () => this.#upstreams).flat();
    const settled = new Set<Upstream>();
    let running = 0;
    let bad: UpstreamAnswer | undefined;
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      clearTimeout(timer);
      let server = plan.shift();
      while (server && settled.has(server)) server = plan.shift();
      if (!server) {
        if (running === 0) resolve(bad);
        return;
      }
      running += 1;
      timer = setTimeout(next, PATIENCE_MS);
      void this.#askOne(server, query, original, kind, signal).then((found) => {
        running -= 1;
        if (found && isGood(found)) { resolve(found); return; }
        bad = found ?? bad;
        settled.add(server);
        next();
      });
    };
    signal.addEventListener('abort', () => { resolve(bad); }, { once: true });
    next();
    return promise.finally(() => { clearTimeout(timer); });
  }

  async #askOne(server: Upstream, query: Query, original: Buffer, kind: SocketKind, signal: AbortSignal): Promise<UpstreamAnswer | undefined> {
    const message = Buffer.from(original);
    message.writeUInt16BE(randomInt(0x10000), 0);
    try {
      return await exchange({ namespace: server.from === 'host' ? undefined : this.#namespace, server, kind, message, question: query.question }, signal);
    } catch {
      return undefined;
    }
  }

  /** Ends what is under way; those who wait hear that it failed. */
  close(): void {
    for (const over of this.#running) over.abort();
  }
}

/** An answer that another server could not better. */
function isGood({ answer }: UpstreamAnswer): boolean {
  return answer.rcode === RCODE.ok || answer.rcode === RCODE.noSuchName;
}

/** Everything that decides an answer; undefined where it may depend on more than can be seen here (EDNS options, signatures). */
function cacheKey(query: Query, message: Buffer): string | undefined {
  const plainBytes = 12 + query.question.length + (query.edns ? 11 : 0);
  if (query.name === undefined || query.edns?.hasOptions || message.length !== plainBytes) return undefined;
  const edns = query.edns ? `${String(query.edns.udpBytes)} ${String(query.edns.dnssecOk)}` : '';
  return `${String(message.readUInt16BE(2))} ${edns} ${query.question.toString('latin1').toLowerCase()}`;
}

/** The answer as one to this query: its number, and the name as it was spelt. */
function addressed(bytes: Buffer, query: Query): Buffer {
  bytes.writeUInt16BE(query.id, 0);
  query.question.copy(bytes, 12);
  return bytes;
}
