import { createSign, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { exec } from '../../src/base/exec.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { bridgeInto } from './bridge-into.ts';
import { freePort, USER } from './registry-program.ts';

export interface TokenRequest { method: string; authorization: string | undefined; query: URLSearchParams; form: URLSearchParams }

/** What its tokens are signed with, and the certificate that they carry. */
interface Identity { key: string; x5c: string }

const REFUSALS = {
  hub: { details: 'incorrect username or password' },
  specification: { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] },
};

const BASIC = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;

/** A token server in this process, whose tokens docker-registry believes. It gives everybody who is `tester` everything. */
export class TokenServer implements AsyncDisposable {
  readonly realm: string;
  readonly certificate: string;
  readonly requests: TokenRequest[] = [];
  /** How it says no: as Docker Hub does, or as the specification of registries would have it. */
  refusal: keyof typeof REFUSALS = 'specification';
  readonly #identity: Identity;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(realm: string, certificate: string, identity: Identity, cleanup: AsyncDisposableStack) {
    this.realm = realm;
    this.certificate = certificate;
    this.#identity = identity;
    this.#cleanup = cleanup;
  }

  /** @param network whose loopback the realm is on, e.g. an engine's; the test's own unless given */
  static async start(network?: NetworkNamespace): Promise<TokenServer> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('tok'));
    await exec('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'crt', '-days', '2', '-subj', '/CN=token'], { cwd: scratch.path, timeoutMs: 30_000 });
    const key = await readFile(scratch.file('key'), 'utf8');
    const x5c = (await readFile(scratch.file('crt'), 'utf8')).replace(/-----[^-]+-----|\s/g, '');
    const port = await freePort();
    const server = createServer((request, response) => { void tokens.#handle(request, response); });
    cleanup.defer(() => end(server));
    await listen(server, network === undefined ? port : scratch.file('sock'));
    if (network !== undefined) cleanup.use(await bridgeInto(network, port, scratch.file('sock')));
    const tokens = new TokenServer(`http://127.0.0.1:${String(port)}/token`, scratch.file('crt'), { key, x5c }, cleanup.move());
    return tokens;
  }

  /** The Authorization with the same token, had it ended an hour ago. */
  expire(authorization: string): string {
    const claims = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()) as object;
    return `Bearer ${this.#sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 3600 })}`;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    const form = new URLSearchParams(await readText(request));
    const { authorization } = request.headers;
    this.requests.push({ method: request.method ?? '', authorization, query, form });
    const known = authorization === BASIC || form.get('refresh_token') === 'identity';
    if (!known && (authorization !== undefined || form.has('refresh_token'))) { response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(REFUSALS[this.refusal])); return; }
    const scopes = [...query.getAll('scope'), ...(form.get('scope') ?? '').split(' ')].filter((scope) => scope !== '');
    const access = scopes.flatMap((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return known ? [{ type, name, actions: actions.split(',') }] : [];
    });
    const now = Math.floor(Date.now() / 1000);
    const token = this.#sign({ iss: 'test', sub: known ? USER.username : '', aud: 'test', exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access });
    // By POST a client of OAuth 2 looks for access_token, and keeps the refresh token that comes with it.
    const refresh = query.get('offline_token') === 'true' || form.has('refresh_token') ? { refresh_token: 'identity' } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, access_token: token, expires_in: 300, ...refresh }));
  }

  #sign(claims: object): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ typ: 'JWT', alg: 'RS256', x5c: [this.#identity.x5c] })}.${part(claims)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(this.#identity.key).toString('base64url')}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup[Symbol.asyncDispose]();
  }
}

async function listen(server: Server, where: number | string): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  const ready = (): void => { listening.resolve(); };
  if (typeof where === 'string') server.listen(where, ready);
  else server.listen(where, '127.0.0.1', ready);
  await listening.promise;
}

async function end(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => { closed.resolve(); });
  server.closeAllConnections();
  await closed.promise;
}
