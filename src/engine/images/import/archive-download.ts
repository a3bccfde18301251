import { InternalError, InvalidArgumentError, messageOf, NotFoundError } from '../../../api/errors.ts';
import type { HttpClient } from '../../registry/http-client.ts';

const REDIRECTS_LIMIT = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export interface Download {
  /** Undefined where the server does not say. */
  totalBytes: number | undefined;
  bytes: AsyncIterable<Uint8Array>;
}

/** `host/path` without a scheme is taken for http, as docker does. @throws InvalidArgumentError for what is no http(s) address */
export function parseSourceUrl(text: string): URL {
  const written = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url || url.hostname === '') throw new InvalidArgumentError(`invalid source ${JSON.stringify(text)}: must be - or an http or https URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new InvalidArgumentError(`Get ${JSON.stringify(text)}: unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`);
  return url;
}

/** Begins to fetch a file, through redirects. @throws NotFoundError when the server has none, InternalError when it cannot be had otherwise */
export async function download(http: HttpClient, address: URL, signal: AbortSignal | undefined): Promise<Download> {
  let url = address;
  for (let hops = 0; hops <= REDIRECTS_LIMIT; hops += 1) {
    const reply = await http.send({ method: 'GET', url, signal }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new InternalError(`Get ${JSON.stringify(address.href)}: ${messageOf(cause)}`, { cause });
    });
    if (reply.status === 200) {
      const length = Number(reply.headers['content-length']);
      return { totalBytes: Number.isSafeInteger(length) ? length : undefined, bytes: reply.bytes() };
    }
    reply.discard();
    const target = reply.headers.location;
    if (!REDIRECTS.includes(reply.status) || target === undefined || !URL.canParse(target, url)) throw refusal(reply.status, address);
    url = parseSourceUrl(new URL(target, url).href);
  }
  throw new InternalError(`Get ${JSON.stringify(address.href)}: stopped after ${REDIRECTS_LIMIT} redirects`);
}

function refusal(status: number, address: URL): Error {
  const text = `failed to GET ${address.href} with status ${status}`;
  return status === 404 ? new NotFoundError(text) : new InternalError(text);
}
