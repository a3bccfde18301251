import type { Logger } from '../../base/log.ts';
import type { BackoffPolicy } from '../../base/retry.ts';
import { Authorizer } from './authorizer.ts';
import { readHostCertificates } from './certificates.ts';
import type { Credentials } from './credentials.ts';
import { ANONYMOUS } from './credentials.ts';
import { type Endpoint, HUB_INDEX, isDockerHub } from './endpoint.ts';
import { EndpointFinder } from './endpoint-finder.ts';
import { HttpClient } from './http-client.ts';
import { ProxySettings, proxyNames, type ProxyNames } from './proxy-settings.ts';
import { InsecureRegistries } from './insecure-registries.ts';
import { RegistryClient } from './registry-client.ts';
import { RemoteRepository } from './remote-repository.ts';
import type { Repository } from './repository.ts';
import { DEFAULT_STALL_LIMITS, type StallLimits } from './stall-watch.ts';

/** What may change while the engine runs. */
export interface RegistrySettings {
  mirrors: readonly string[];
  insecureRegistries: readonly string[];
}

export interface RegistriesOptions extends RegistrySettings {
  /** Looked through in order for `HOST/` with certificates. */
  certificateDirectories: readonly string[];
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY, in either case, unless `proxies` has others. */
  proxyEnv: NodeJS.ProcessEnv;
  proxies?: Partial<ProxyNames>;
  /** Default true: HTTP/2 where a registry chooses it. */
  http2?: boolean;
  userAgent: string;
  log: Logger;
  policy?: BackoffPolicy;
  stallLimits?: StallLimits;
  /** The most bytes in one request of an upload; undefined for whole blobs. */
  uploadChunkBytes?: number | undefined;
}

const DEFAULT_POLICY: BackoffPolicy = { attempts: 5, baseMs: 250, capMs: 8000 };

/** Who asks, for what. */
export interface Visitor {
  credentials?: Credentials;
  metaHeaders?: Readonly<Record<string, string>>;
}

/** All registries, as this engine is configured to see them. Owns the connections and what was learned about each registry. */
export class Registries implements Disposable {
  readonly #options: RegistriesOptions;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  #insecure: InsecureRegistries;
  #finder: EndpointFinder;

  /** @throws InvalidArgumentError for an invalid insecure registry or proxy */
  constructor(options: RegistriesOptions) {
    this.#insecure = new InsecureRegistries(options.insecureRegistries);
    this.#options = options;
    this.#http = new HttpClient({
      proxies: new ProxySettings(proxyNames(options.proxyEnv, options.proxies)), http2: options.http2 ?? true,
      userAgent: options.userAgent, limits: options.stallLimits ?? DEFAULT_STALL_LIMITS,
      trustOf: async (authority) => ({ verify: !(await this.#insecure.includes(authority)), certificates: await readHostCertificates(options.certificateDirectories, authority) }),
    });
    this.#authorizer = new Authorizer(this.#http);
    this.#finder = this.#find(options.mirrors);
  }

  get http(): HttpClient {
    return this.#http;
  }

  /** For reading: mirrors of the domain first. Mirrors are strangers to the user: they get no credentials. */
  async repository(name: { domain: string; path: string }, visitor: Visitor, options: { use: 'pull' | 'push'; signal?: AbortSignal | undefined }): Promise<Repository> {
    const endpoints = options.use === 'pull' ? await this.#finder.forPull(name.domain, options.signal) : [await this.#finder.origin(name.domain, options.signal)];
    const clients = endpoints.map((endpoint) => this.#client(endpoint, endpoint.kind === 'mirror' ? {} : visitor));
    const last = clients.pop() as RegistryClient;
    return new RemoteRepository({ ...name, clients: [...clients, last], policy: this.#policy, chunkBytes: this.#options.uploadChunkBytes, log: this.#options.log });
  }

  /** For what concerns a registry as a whole: its catalogue, a login. */
  async registry(domain: string, visitor: Visitor, signal?: AbortSignal): Promise<RegistryClient> {
    return this.#client(await this.#finder.origin(domain, signal), visitor);
  }

  /** Where searches for a domain's images are asked: Docker Hub has a host of its own for that. */
  async index(domain: string, visitor: Visitor, signal?: AbortSignal): Promise<RegistryClient> {
    if (!isDockerHub(domain)) return this.registry(domain, visitor, signal);
    return this.#client({ base: new URL(`https://${HUB_INDEX}/`), kind: 'origin', secure: true }, visitor);
  }

  /** From now on these count, and certificates are read anew. What runs goes on as it began. @throws InvalidArgumentError, and nothing changes */
  reload({ mirrors, insecureRegistries }: RegistrySettings): void {
    this.#insecure = new InsecureRegistries(insecureRegistries);
    this.#finder = this.#find(mirrors);
    this.#http.forgetTrust();
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  #find(mirrors: readonly string[]): EndpointFinder {
    return new EndpointFinder({ http: this.#http, insecure: this.#insecure, mirrors, log: this.#options.log });
  }

  get #policy(): BackoffPolicy {
    return this.#options.policy ?? DEFAULT_POLICY;
  }

  #client(endpoint: Endpoint, visitor: Visitor): RegistryClient {
    const finder = this.#finder;
    return new RegistryClient({
      http: this.#http, authorizer: this.#authorizer, endpoint, credentials: visitor.credentials ?? ANONYMOUS, log: this.#options.log,
      onUnreachable: () => { finder.forget(endpoint); },
      ...(visitor.metaHeaders ? { metaHeaders: visitor.metaHeaders } : {}),
      policy: endpoint.kind === 'mirror' ? { ...this.#policy, attempts: 1 } : this.#policy,
    });
  }
}
