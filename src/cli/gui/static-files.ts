import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.json': 'application/json', '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.wasm': 'application/wasm', '.map': 'application/json',
};

/** Headers of everything that the server sends: nothing from elsewhere, framed by nobody. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Sends a file of the interface; a path that names none is a view of the interface, so it is `index.html`. */
export async function sendFile(root: string, path: string, response: ServerResponse): Promise<void> {
  const file = await findFile(root, path) ?? (extname(path) === '' ? await findFile(root, '/index.html') : undefined);
  if (file === undefined) {
    response.writeHead(404, { ...SECURITY_HEADERS, 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  const lasting = file.path.includes(`${sep}assets${sep}`);
  response.writeHead(200, {
    ...SECURITY_HEADERS, 'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream', 'content-length': file.bytes,
    'cache-control': lasting ? 'private, max-age=31536000, immutable' : 'no-store',
  });
  await pipeline(createReadStream(file.path), response);
}

/** A regular file below the root, whatever `..` and links the path holds. */
async function findFile(root: string, path: string): Promise<{ path: string; bytes: number } | undefined> {
  try {
    const base = await realpath(root);
    const real = await realpath(join(base, decodeURIComponent(path)));
    const facts = await stat(real);
    return real.startsWith(base + sep) && facts.isFile() ? { path: real, bytes: facts.size } : undefined;
  } catch {
    return undefined;
  }
}
