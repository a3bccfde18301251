import { InvalidArgumentError } from '../../api/errors.ts';
import { type Digest, isDigest } from '../content/digest.ts';

/** A name of an image with its registry and repository spelled out. Source: github.com/distribution/reference, "grammar". */
export interface Reference {
  /** `docker.io`, `registry.example:5000` */
  domain: string;
  /** `library/busybox` */
  path: string;
  tag?: string;
  digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const NAME_LIMIT = 255;

/**
 * Reads a name as people write it (`busybox`, `ghcr.io/a/b:1`, `x@sha256:…`) and fills in what they leave out, except the tag.
 * @throws InvalidArgumentError, in docker's words
 */
export function parseReference(text: string): Reference {
  if (/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const { name, tag, digest } = split(text);
  const { domain, path } = splitDomain(name);
  if (path.toLowerCase() !== path && PATH.test(path.toLowerCase())) throw new InvalidArgumentError(`invalid reference format: repository name (${path}) must be lowercase`);
  if (!DOMAIN.test(domain) || !PATH.test(path) || (tag !== undefined && !TAG.test(tag)) || (digest !== undefined && !isDigest(digest))) throw new InvalidArgumentError('invalid reference format');
  if (path.length > NAME_LIMIT) throw new InvalidArgumentError(`repository name must not be more than ${NAME_LIMIT} characters`);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(isDigest(digest) ? { digest } : {}) };
}

function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf('@');
  const head = at === -1 ? text : text.slice(0, at);
  const colon = head.lastIndexOf(':');
  const hasTag = colon > head.lastIndexOf('/');
  return { name: hasTag ? head.slice(0, colon) : head, tag: hasTag ? head.slice(colon + 1) : undefined, digest: at === -1 ? undefined : text.slice(at + 1) };
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  const domain = isDomain ? first : DEFAULT_DOMAIN;
  const path = isDomain ? name.slice(slash + 1) : name;
  if (domain !== DEFAULT_DOMAIN && domain !== 'index.docker.io') return { domain, path };
  return { domain: DEFAULT_DOMAIN, path: path.includes('/') ? path : `library/${path}` };
}

/** With the tag `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** Registry and repository, fully spelled: `docker.io/library/busybox`. */
export function repositoryOf({ domain, path }: Pick<Reference, 'domain' | 'path'>): string {
  return `${domain}/${path}`;
}

/** Of a recorded name. */
export function referenceOf({ repository, tag, digest }: { repository: string; tag: string | null; digest: string | null }): Reference {
  const slash = repository.indexOf('/');
  return { domain: repository.slice(0, slash), path: repository.slice(slash + 1), ...(tag === null ? {} : { tag }), ...(isDigest(digest) ? { digest } : {}) };
}

/** As people write it: `busybox:latest`. */
export function familiarName(reference: Reference): string {
  return `${familiarRepository(repositoryOf(reference))}${suffixOf(reference)}`;
}

/** Fully spelled: `docker.io/library/busybox:latest`. */
export function canonicalName(reference: Reference): string {
  return `${repositoryOf(reference)}${suffixOf(reference)}`;
}

function suffixOf({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

export function familiarRepository(repository: string): string {
  if (!repository.startsWith(`${DEFAULT_DOMAIN}/`)) return repository;
  const path = repository.slice(DEFAULT_DOMAIN.length + 1);
  return path.startsWith('library/') && !path.slice('library/'.length).includes('/') ? path.slice('library/'.length) : path;
}
