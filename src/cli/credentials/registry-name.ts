import { ExitError } from '../exit.ts';

/** Under which Docker Hub's credentials are kept, by docker and so by us. */
export const HUB_KEY = 'https://index.docker.io/v1/';
const HUB = 'docker.io';

/** An image's name, taken apart and completed as docker does it: `busybox` is `docker.io/library/busybox`. */
export interface ImageName {
  domain: string;
  path: string;
  tag: string | undefined;
  digest: string | undefined;
}

const DOMAIN = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[a-fA-F0-9:]+\])(?::\d+)?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[a-z][a-z0-9]*:[a-fA-F0-9]{32,}$/;

/** @throws ExitError in docker's words, for what the engine would refuse anyway */
export function parseImageName(text: string): ImageName {
  const [head, digest] = splitOnce(text, text.indexOf('@'));
  const colon = head.lastIndexOf(':');
  const [name, tag] = splitOnce(head, colon > head.lastIndexOf('/') ? colon : -1);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const named = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  const domain = named && first !== 'index.docker.io' ? first : HUB;
  const rest = named ? name.slice(slash + 1) : name;
  const path = domain === HUB && !rest.includes('/') ? `library/${rest}` : rest;
  if (path !== path.toLowerCase() && PATH.test(path.toLowerCase())) throw new ExitError(1, `invalid reference format: repository name (${path}) must be lowercase`);
  const valid = DOMAIN.test(domain) && PATH.test(path) && (tag === undefined || TAG.test(tag)) && (digest === undefined || DIGEST.test(digest));
  if (!valid) throw new ExitError(1, 'invalid reference format');
  return { domain, path, tag, digest };
}

/** `docker.io/library/busybox:latest` */
export function fullName({ domain, path, tag, digest }: ImageName): string {
  return `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Where the credentials for a registry stand: by its host, Docker Hub's by the URL of its index. */
export function credentialKey(domain: string): string {
  return domain === '' || domain === HUB || domain === 'index.docker.io' || domain === HUB_KEY ? HUB_KEY : hostOf(domain);
}

/** The registry that a search term names with its first part. */
export function searchKey(term: string): string {
  const slash = term.indexOf('/');
  const first = term.slice(0, Math.max(slash, 0));
  return credentialKey(/[.:]/.test(first) || first === 'localhost' ? first : '');
}

/** `registry.example:5000` of that, of `https://registry.example:5000/v2/` or of `registry.example:5000/v2`. */
export function hostOf(server: string): string {
  if (server.includes('://') && URL.canParse(server)) {
    // The scheme's own port stays: it is part of how image names are written.
    const authority = /^[^:]+:\/\/(?:[^/@]*@)?([^/?#]*)/.exec(server)?.[1] ?? '';
    if (authority !== '') return authority;
  }
  return server.split('/')[0] ?? '';
}

function splitOnce(text: string, at: number): [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
