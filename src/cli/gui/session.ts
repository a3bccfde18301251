import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may talk to the server: whoever came with the one-time token got a cookie, and only pages of our own origin may use it.
 * Cookies do not tell ports apart, so the cookie's name holds the port, and `Origin` and `Sec-Fetch-Site` keep other local pages out;
 * `Host` keeps out names that were made to resolve to loopback (DNS rebinding).
 */
export class GuiSession {
  readonly #origins: ReadonlySet<string>;
  readonly #cookieName: string;
  readonly #secret = randomBytes(32).toString('base64url');
  #token: string | undefined = randomBytes(32).toString('base64url');

  constructor(port: number) {
    this.#origins = new Set([`http://127.0.0.1:${port}`, `http://localhost:${port}`]);
    this.#cookieName = `strata-${port}`;
  }

  /** What the URL carries; undefined once it has been used. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Uses the token up. @returns the `Set-Cookie` header, or undefined for a wrong or used token. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !same(token, this.#token)) return undefined;
    this.#token = undefined;
    return `${this.#cookieName}=${this.#secret}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Why a request is refused; undefined when it is ours. A navigation may come from anywhere: it only reads the page. */
  refusal(request: IncomingMessage, options: { navigation: boolean; needsCookie: boolean }): string | undefined {
    const { host, origin } = request.headers;
    if (host === undefined || !this.#origins.has(`http://${host}`)) return 'this server answers on its loopback address only';
    if (origin !== undefined && origin !== `http://${host}`) return 'another origin may not use this server';
    const site = request.headers['sec-fetch-site'];
    if (!options.navigation && site !== undefined && site !== 'same-origin') return 'another site may not use this server';
    if (options.needsCookie && !this.#hasCookie(request.headers.cookie ?? '')) return 'this browser has no session: run "strata gui" again and open the address that it prints';
    return undefined;
  }

  #hasCookie(header: string): boolean {
    return header.split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=', 2);
      return name === this.#cookieName && same(value, this.#secret);
    });
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
