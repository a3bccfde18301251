import { SingleFlight } from '../../base/single-flight.ts';
import type { Challenge } from './challenge.ts';
import { type Credentials, fingerprint, isAnonymous } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import type { HttpClient } from './http-client.ts';
import { RegistryReplyError } from './registry-error.ts';
import { TokenCache } from './token-cache.ts';
import { basic, requestToken } from './token-request.ts';

/** Who asks what of whom. */
export interface AuthorizationContext {
  endpoint: Endpoint;
  credentials: Credentials;
  /** `repository:library/busybox:pull`; none for the registry as a whole. */
  scopes: readonly string[];
  signal?: AbortSignal | undefined;
}

/**
 * Knows how each registry wants to be asked, once it has said so, and keeps the tokens that were given. Credentials go to the
 * registry (Basic) or to the realm that it names (Bearer), nowhere else.
 */
export class Authorizer {
  readonly #http: HttpClient;
  readonly #challenges = new Map<string, Challenge>();
  readonly #tokens: TokenCache;
  readonly #requests = new SingleFlight<string>();

  constructor(http: HttpClient, tokens: TokenCache = new TokenCache()) {
    this.#http = http;
    this.#tokens = tokens;
  }

  /** The Authorization header for a request, by what is known; undefined where nothing was ever asked for. */
  async header(context: AuthorizationContext): Promise<string | undefined> {
    if (context.credentials.registryToken !== undefined) return `Bearer ${context.credentials.registryToken}`;
    const challenge = this.#challenges.get(context.endpoint.base.href);
    if (!challenge) return undefined;
    if (challenge.scheme === 'basic') return context.credentials.username === undefined ? undefined : basic(context.credentials);
    return bearer(await this.#token(context, challenge));
  }

  /**
   * Takes note of a 401. The token that it answered is forgotten; a newer one, which somebody else has been given meanwhile, is kept.
   * @param refused the header that the registry would not have; undefined where none was sent
   * @returns true when asking again, with a new header, has a chance
   * @throws RegistryReplyError with docker's words where credentials are needed and there are none
   */
  challenged(context: AuthorizationContext, challenges: readonly Challenge[], refused: string | undefined): boolean {
    const chosen = choose(challenges);
    if (!chosen || context.credentials.registryToken !== undefined) return false;
    if (chosen.scheme === 'basic' && context.credentials.username === undefined) {
      throw new RegistryReplyError('no basic auth credentials', { httpStatus: 401, code: 'UNAUTHORIZED' });
    }
    this.#challenges.set(context.endpoint.base.href, chosen);
    const key = tokenKey(context, chosen);
    if (refused === bearer(this.#tokens.get(key))) this.#tokens.delete(key);
    return true;
  }

  async #token(context: AuthorizationContext, challenge: Challenge): Promise<string> {
    const key = tokenKey(context, challenge);
    const known = this.#tokens.get(key);
    if (known !== undefined) return known;
    // The one who asks first may leave: the others then ask for themselves.
    return this.#requests.run(key, async () => {
      const issued = await requestToken(this.#http, { ...context, challenge, scopes: scopesOf(context, challenge), secure: context.endpoint.secure });
      this.#tokens.set(key, issued.token, issued.lifeMs);
      return issued.token;
    }).catch((error: unknown) => {
      if (isAbort(error) && context.signal?.aborted !== true) return this.#token(context, challenge);
      throw error;
    });
  }
}

function bearer(token: string | undefined): string | undefined {
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** Bearer before Basic, as the specification's order of preference for what says least about the user. */
function choose(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined) ?? challenges.find(({ scheme }) => scheme === 'basic');
}

/** What we came for; what the registry asks for counts only where we came for nothing in particular, so that it cannot widen our token. */
function scopesOf(context: AuthorizationContext, challenge: Challenge): readonly string[] {
  const asked = challenge.parameters['scope'];
  return context.scopes.length > 0 || asked === undefined ? context.scopes : asked.split(' ').slice(0, 8);
}

function tokenKey(context: AuthorizationContext, challenge: Challenge): string {
  const who = isAnonymous(context.credentials) ? '' : fingerprint(context.credentials);
  return JSON.stringify([context.endpoint.base.host, challenge.parameters['realm'], challenge.parameters['service'], [...scopesOf(context, challenge)].sort(), who]);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
