import type { Logger } from '../../base/log.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import { messageOf } from '../../api/errors.ts';
import { type Endpoint, isDockerHub, registryHost } from './endpoint.ts';
import type { HttpClient } from './http-client.ts';
import type { InsecureRegistries } from './insecure-registries.ts';
import { RegistryUnreachableError } from './registry-error.ts';

export interface EndpointFinderOptions {
  http: HttpClient;
  insecure: InsecureRegistries;
  /** URLs of registry-mirrors, in order. They stand for Docker Hub only, as in dockerd. */
  mirrors: readonly string[];
  log: Logger;
}

/**
 * Where to look for a domain's images: mirrors in their order, the origin last. Secure registries are https and nothing else; for an
 * insecure one https is tried before http, once, and what worked is remembered until it works no more.
 */
export class EndpointFinder {
  readonly #options: EndpointFinderOptions;
  readonly #schemes = new Map<string, 'https:' | 'http:'>();
  readonly #probes = new SingleFlight<'https:' | 'http:'>();

  constructor(options: EndpointFinderOptions) {
    this.#options = options;
  }

  async forPull(domain: string, signal?: AbortSignal): Promise<Endpoint[]> {
    const mirrors = isDockerHub(domain) ? await Promise.all(this.#options.mirrors.map((mirror) => this.#mirror(mirror))) : [];
    return [...mirrors, await this.origin(domain, signal)];
  }

  /** @throws RegistryUnreachableError when an insecure registry answers neither by https nor by http */
  async origin(domain: string, signal?: AbortSignal): Promise<Endpoint> {
    const host = registryHost(domain);
    if (!(await this.#options.insecure.includes(host))) return { base: new URL(`https://${host}/`), kind: 'origin', secure: true };
    const scheme = this.#schemes.get(host) ?? await this.#probe(host, signal);
    return { base: new URL(`${scheme}//${host}/`), kind: 'origin', secure: false };
  }

  /** A connection to the endpoint has failed: the next look starts anew. */
  forget(endpoint: Endpoint): void {
    this.#schemes.delete(endpoint.base.host);
  }

  async #mirror(mirror: string): Promise<Endpoint> {
    const base = new URL(mirror.endsWith('/') ? mirror : `${mirror}/`);
    return { base, kind: 'mirror', secure: base.protocol === 'https:' && !(await this.#options.insecure.includes(base.host)) };
  }

  async #probe(host: string, signal: AbortSignal | undefined): Promise<'https:' | 'http:'> {
    signal?.throwIfAborted();
    // Shared by all who ask, so it does not end with the first of them.
    const scheme = await this.#probes.run(host, async () => {
      const found = await this.#firstAnswer(host);
      this.#schemes.set(host, found);
      return found;
    });
    signal?.throwIfAborted();
    return scheme;
  }

  async #firstAnswer(host: string): Promise<'https:' | 'http:'> {
    let failure: unknown;
    for (const scheme of ['https:', 'http:'] as const) {
      try {
        const reply = await this.#options.http.send({ method: 'GET', url: new URL(`${scheme}//${host}/v2/`), signal: AbortSignal.timeout(PROBE_MS) });
        reply.discard();
        // A server that speaks TLS says so to plain HTTP by a 400: what stopped https is then the answer.
        if (scheme === 'http:' && reply.status === 400) break;
        return scheme;
      } catch (error) {
        this.#options.log.debug('registry does not answer', { host, scheme, error: messageOf(error) });
        failure ??= error;
      }
    }
    if (failure instanceof Error && failure.name === 'TimeoutError') throw new RegistryUnreachableError(`registry ${host} did not answer within ${PROBE_MS / 1000} s`, { passing: true, cause: failure });
    throw failure;
  }
}

const PROBE_MS = 15_000;
