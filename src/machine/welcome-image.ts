import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { messageOf } from '../api/errors.ts';
import type { Logger } from '../base/log.ts';
import type { FactCache } from './fact-cache.ts';

const REFERENCE = 'strata/welcome:latest';

/**
 * Gives a new machine the image that comes with Strata, so that the first `run` works without a network. Once per machine and
 * archive: who removes the image does not get it back. Returns a warning when it does not work out; never rejects.
 */
export async function loadWelcomeImage(options: { archive: string; engineSocket: string; cache: FactCache; log: Logger; signal: AbortSignal }): Promise<string | undefined> {
  const found = await stat(options.archive).catch(() => undefined);
  if (found === undefined) return undefined;
  const key = `${String(found.size)} ${String(found.mtimeMs)}`;
  try {
    if ((await options.cache.find('welcome image given', key)) === true) return undefined;
    const present = await call(options, 'GET', `/images/${REFERENCE}/json`);
    if (present.status === 404) {
      const loaded = await call(options, 'POST', '/images/load?quiet=1', options.archive);
      const fault = loaded.status === 200 ? inBandError(loaded.body) : loaded.body.slice(0, 300);
      if (fault !== undefined) return `the welcome image could not be loaded: ${fault}`;
      options.log.info('welcome image loaded');
    }
    await options.cache.store('welcome image given', key, true);
    return undefined;
  } catch (error) {
    return options.signal.aborted ? undefined : `the welcome image could not be loaded: ${messageOf(error)}`;
  }
}

async function call(options: { engineSocket: string; signal: AbortSignal }, method: string, path: string, upload?: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const outgoing = request({ socketPath: options.engineSocket, method, path, signal: options.signal, agent: false, ...(upload === undefined ? {} : { headers: { 'content-type': 'application/x-tar' } }) }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => { body = (body + text).slice(-64 * 1024); });
    response.on('end', () => { resolve({ status: response.statusCode ?? 0, body }); });
    response.on('error', reject);
  });
  outgoing.on('error', reject);
  if (upload === undefined) outgoing.end();
  else createReadStream(upload).on('error', reject).pipe(outgoing);
  return promise;
}

/** `load` answers 200 before it knows; a failure is a message in its stream. */
function inBandError(body: string): string | undefined {
  return /"errorDetail"\s*:\s*\{[^}]*"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1];
}
