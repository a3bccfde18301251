import { STATUS_CODES } from 'node:http';
import { InvalidArgumentError, UnauthorizedError } from '../../api/errors.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { domainOfServer } from './endpoint.ts';
import type { Registries } from './registries.ts';
import { RegistryReplyError } from './registry-error.ts';
import { requestToken } from './token-request.ts';

export interface LoginResult {
  /** Stands for user and password from then on; empty where the registry gives none. */
  identityToken: string;
}

/**
 * Tries credentials at a registry as `docker login` does. Nothing is kept here.
 * @throws UnauthorizedError when the registry refuses them
 */
export async function login(registries: Registries, credentials: Credentials, signal?: AbortSignal): Promise<LoginResult> {
  if (credentials.username === undefined && credentials.identityToken === undefined) throw new InvalidArgumentError('login needs a user name');
  const domain = domainOfServer(credentials.serverAddress ?? '');
  const client = await registries.registry(domain, { credentials }, signal);
  const address = `${client.endpoint.base.href}v2/`;
  const refreshToken = await askForRefreshToken(registries, client.endpoint.base, credentials, { secure: client.endpoint.secure, signal }).catch((cause: unknown) => {
    throw refused(cause) ? new UnauthorizedError(`Get "${address}": ${cause.message}`, { cause }) : cause;
  });
  const reply = await client.send({ method: 'GET', target: '', scopes: [], accept: [200], what: `login at ${domain}`, signal }).catch((cause: unknown) => {
    throw refused(cause) ? new UnauthorizedError(`login attempt to ${address} failed with status: ${cause.httpStatus} ${STATUS_CODES[cause.httpStatus] ?? ''}`, { cause }) : cause;
  });
  reply.discard();
  return { identityToken: refreshToken ?? '' };
}

const refused = (error: unknown): error is RegistryReplyError => error instanceof RegistryReplyError && (error.httpStatus === 401 || error.httpStatus === 403);

/** Undefined where the registry has no token server, or its token server gives none. */
async function askForRefreshToken(registries: Registries, base: URL, credentials: Credentials, options: { secure: boolean; signal: AbortSignal | undefined }): Promise<string | undefined> {
  const ping = await registries.http.send({ method: 'GET', url: new URL('v2/', base), signal: options.signal });
  ping.discard();
  const challenge = ping.status === 401 ? parseChallenges(ping.headers['www-authenticate']).find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined) : undefined;
  if (!challenge) return undefined;
  return (await requestToken(registries.http, { challenge, scopes: [], credentials, offline: true, ...options })).refreshToken;
}
