import { createHmac, randomBytes } from 'node:crypto';

/** What a user is known by at a registry. At most one of the forms is in use: registry token, identity token, user and password. */
export interface Credentials {
  username?: string;
  password?: string;
  /** A refresh token that an earlier login was given. */
  identityToken?: string;
  /** A bearer token that is used as it is. */
  registryToken?: string;
  /** The host that these were given for; empty for any. */
  serverAddress?: string;
}

export const ANONYMOUS: Credentials = {};

const HEADER_LIMIT = 64 * 1024;

/**
 * Docker's X-Registry-Auth: base64url (old clients: base64) of JSON. What cannot be read is nobody, as in dockerd: a public image
 * shall still be pulled. Source: Docker Engine API, "Authentication".
 */
export function decodeRegistryAuth(header: string | readonly string[] | undefined): Credentials {
  const text = typeof header === 'string' ? header : header?.[0];
  if (text === undefined || text === '' || text.length > HEADER_LIMIT) return ANONYMOUS;
  try {
    // Node's decoder takes both alphabets, with or without padding.
    return toCredentials(JSON.parse(Buffer.from(text, 'base64').toString('utf8')));
  } catch {
    return ANONYMOUS;
  }
}

/** An AuthConfig as it stands in headers and in the body of POST /auth. */
export function toCredentials(value: unknown): Credentials {
  if (typeof value !== 'object' || value === null) return ANONYMOUS;
  const fields = new Map(Object.entries(value));
  const text = (key: string): string | undefined => {
    const found: unknown = fields.get(key);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const [username, password] = text('username') !== undefined ? [text('username'), text('password')] : splitAuth(text('auth'));
  return defined({ username, password, identityToken: text('identitytoken'), registryToken: text('registrytoken'), serverAddress: text('serveraddress') });
}

function splitAuth(auth: string | undefined): [string | undefined, string | undefined] {
  if (auth === undefined) return [undefined, undefined];
  const plain = Buffer.from(auth, 'base64').toString('utf8');
  const colon = plain.indexOf(':');
  return colon <= 0 ? [undefined, undefined] : [plain.slice(0, colon), plain.slice(colon + 1).replace(/\0+$/, '')];
}

function defined(fields: Record<keyof Credentials, string | undefined>): Credentials {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function isAnonymous(credentials: Credentials): boolean {
  return credentials.username === undefined && credentials.identityToken === undefined && credentials.registryToken === undefined;
}

const SECRET = randomBytes(32);

/** Tells credentials apart in caches without keeping them there. Valid in this process only. */
export function fingerprint(credentials: Credentials): string {
  const { username = '', password = '', identityToken = '', registryToken = '' } = credentials;
  return createHmac('sha256', SECRET).update(JSON.stringify([username, password, identityToken, registryToken])).digest('base64url');
}
