import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { APP_ORIGIN } from '../../api/desktop.ts';

/** Only our own files, only from our own origin; no inline code, no frames, no connections: the way out is the bridge. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'", "connect-src 'none'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "object-src 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.json': 'application/json',
};

/** Answers `app://strata/…` with the files of the built interface. @param root directory of `index.html` */
export function serveInterface(root: string): (request: { url: string; method: string }) => Promise<Response> {
  return async ({ url, method }) => {
    const file = method === 'GET' || method === 'HEAD' ? fileFor(root, url) : undefined;
    const type = file === undefined ? undefined : TYPES[extname(file)];
    if (file === undefined || type === undefined) return refusal(404);
    try {
      return new Response(await readFile(file), { status: 200, headers: headers(type) });
    } catch {
      return refusal(404);
    }
  };
}

/** The file that an address of ours names; undefined for every other address, and for one that leads out of `root`. Pure. */
export function fileFor(root: string, url: string): string | undefined {
  if (!url.startsWith(`${APP_ORIGIN}/`)) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(new URL(url).pathname);
  } catch {
    return undefined;
  }
  if (path.includes('\0')) return undefined;
  const file = normalize(join(root, path === '/' ? 'index.html' : path));
  return file.startsWith(root.endsWith(sep) ? root : root + sep) ? file : undefined;
}

function headers(type: string): Record<string, string> {
  return {
    'content-type': type, 'content-security-policy': CONTENT_SECURITY_POLICY, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
  };
}

function refusal(status: number): Response {
  return new Response('', { status, headers: headers('text/plain') });
}
