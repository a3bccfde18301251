import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import { printable, RegistryProtocolError, RegistryReplyError, replyError } from './registry-error.ts';

export interface IssuedToken {
  token: string;
  lifeMs: number;
  /** Given where offline access was asked for: what docker calls an identity token. */
  refreshToken: string | undefined;
}

export interface TokenDemand {
  challenge: Challenge;
  scopes: readonly string[];
  credentials: Credentials;
  /** Ask for a refresh token too, as `docker login` does. */
  offline?: boolean;
  /** Whether the registry itself was reached safely: its credentials then never travel in the clear. */
  secure: boolean;
  signal?: AbortSignal | undefined;
}

const CLIENT_ID = 'docker';
const REPLY_LIMIT_BYTES = 1024 * 1024;
/** Token servers that say nothing mean 60 s. Source: distribution docs, "Token Authentication Specification". */
const DEFAULT_LIFE_S = 60;

/**
 * Gets one token from the realm that a registry has named: GET with user and password, or POST (OAuth 2) with an identity token.
 * @throws RegistryReplyError 401 where the realm refuses; RegistryProtocolError for a realm that cannot be used
 */
export async function requestToken(http: HttpClient, demand: TokenDemand): Promise<IssuedToken> {
  const realm = realmOf(demand);
  const request = demand.credentials.identityToken === undefined ? byPassword(realm, demand) : byIdentityToken(realm, demand, demand.credentials.identityToken);
  const reply = await http.send({ ...request, signal: demand.signal });
  const body = (await reply.buffer(REPLY_LIMIT_BYTES)).toString('utf8');
  if (reply.status === 401 || reply.status === 403) throw refusal(body, reply.status);
  if (reply.status !== 200) throw replyError({ status: reply.status, body, retryAfter: reply.headers['retry-after'] }, `token server ${realm.host}`);
  return parseToken(body, realm);
}

function realmOf({ challenge, secure }: TokenDemand): URL {
  const text = challenge.parameters['realm'] ?? '';
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (!realm || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) throw new RegistryProtocolError(`registry names an invalid token server: ${printable(text)}`);
  if (secure && realm.protocol !== 'https:') throw new RegistryProtocolError(`registry names a token server without TLS: ${realm.host}; credentials are not sent there`);
  realm.username = '';
  realm.password = '';
  realm.hash = '';
  return realm;
}

function byPassword(realm: URL, { challenge, scopes, credentials, offline }: TokenDemand): HttpRequest {
  const url = new URL(realm);
  const service = challenge.parameters['service'];
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (offline === true) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT_ID);
  }
  if (credentials.username === undefined) return { method: 'GET', url };
  url.searchParams.set('account', credentials.username);
  return { method: 'GET', url, headers: { authorization: basic(credentials) } };
}

function byIdentityToken(url: URL, { challenge, scopes }: TokenDemand, identityToken: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: CLIENT_ID, service: challenge.parameters['service'] ?? '', scope: scopes.join(' ') });
  return { method: 'POST', url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(form.toString()) };
}

export function basic({ username = '', password = '' }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function refusal(body: string, status: number): RegistryReplyError {
  const error = replyError({ status, body, retryAfter: undefined }, 'token server');
  return error.code === '' || status === 403 ? error : new RegistryReplyError(error.message, { httpStatus: 401, code: 'UNAUTHORIZED' });
}

function parseToken(body: string, realm: URL): IssuedToken {
  const fail = (): RegistryProtocolError => new RegistryProtocolError(`token server ${realm.host} sent no token`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw fail();
  }
  if (typeof parsed !== 'object' || parsed === null) throw fail();
  const fields = new Map<string, unknown>(Object.entries(parsed));
  const token = [fields.get('token'), fields.get('access_token')].find((value) => typeof value === 'string' && value !== '');
  // A token becomes a header: what no header can carry is no token.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw fail();
  const seconds = fields.get('expires_in');
  const refresh = fields.get('refresh_token');
  return {
    token, lifeMs: 1000 * Math.max(typeof seconds === 'number' && Number.isFinite(seconds) ? Math.min(seconds, 86_400) : 0, DEFAULT_LIFE_S),
    refreshToken: typeof refresh === 'string' && refresh !== '' ? refresh : undefined,
  };
}
