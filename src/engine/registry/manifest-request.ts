import { digestOf, isDigest } from '../content/digest.ts';
import type { HttpReply } from './http-exchange.ts';
import { type Descriptor, MANIFEST_LIMIT_BYTES, MEDIA_TYPES, parseManifest } from '../images/manifest.ts';
import type { RegistryClient } from './registry-client.ts';
import { printable, RegistryProtocolError, RegistryReplyError } from './registry-error.ts';

/** What is asked for, newest forms first. */
const KNOWN: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerList, MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];
const ACCEPT = KNOWN.join(', ');

interface ManifestQuestion {
  path: string;
  /** Tag or digest. */
  reference: string;
  signal?: AbortSignal | undefined;
}

/**
 * The descriptor that a registry's headers give; undefined where they do not give all of it. A reply to HEAD carries no error, so a
 * refusal is undefined too: the GET that follows has the registry's words.
 */
export async function headManifest(client: RegistryClient, question: ManifestQuestion): Promise<Descriptor | undefined> {
  let reply: HttpReply;
  try {
    reply = await client.send({ method: 'HEAD', target: targetOf(question), headers: { accept: ACCEPT }, scopes: pullScope(question.path), accept: [200], what: whatOf(question), signal: question.signal });
  } catch (error) {
    if (error instanceof RegistryReplyError && error.httpStatus !== 429 && error.httpStatus < 500) return undefined;
    throw error;
  }
  reply.discard();
  const mediaType = reply.headers['content-type']?.split(';')[0]?.trim() ?? '';
  const digest = header(reply, 'docker-content-digest');
  const size = Number(reply.headers['content-length'] ?? NaN);
  if (!isDigest(digest) || !Number.isSafeInteger(size) || size <= 0 || !KNOWN.includes(mediaType)) return undefined;
  if (isDigest(question.reference) && digest !== question.reference) return undefined;
  return { mediaType, digest, size, annotations: {}, platform: undefined };
}

/**
 * A manifest's bytes, verified: against the digest that was asked for, or against the one that the registry claims for a tag.
 * @throws RegistryProtocolError for other bytes; InvalidArgumentError for what is no manifest
 */
export async function getManifest(client: RegistryClient, question: ManifestQuestion): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
  const reply = await client.send({ method: 'GET', target: targetOf(question), headers: { accept: ACCEPT }, scopes: pullScope(question.path), accept: [200], what: whatOf(question), signal: question.signal });
  const bytes = await reply.buffer(MANIFEST_LIMIT_BYTES);
  const digest = digestOf(bytes);
  const claimed = isDigest(question.reference) ? question.reference : header(reply, 'docker-content-digest');
  if (claimed !== undefined && claimed !== digest) {
    throw new RegistryProtocolError(`manifest verification failed for ${printable(claimed)}: registry ${client.endpoint.base.host} sent other bytes`);
  }
  return { descriptor: { mediaType: parseManifest(bytes).mediaType, digest, size: bytes.length, annotations: {}, platform: undefined }, bytes };
}

/** Idempotent. @throws RegistryProtocolError when the registry has stored something else */
export async function putManifest(client: RegistryClient, question: ManifestQuestion, manifest: Descriptor, bytes: Uint8Array): Promise<void> {
  const reply = await client.send({
    method: 'PUT', target: targetOf(question), headers: { 'content-type': manifest.mediaType }, body: bytes, scopes: [`repository:${question.path}:pull,push`],
    accept: [200, 201, 202], what: whatOf(question), signal: question.signal,
  });
  reply.discard();
  const stored = header(reply, 'docker-content-digest');
  if (stored !== undefined && stored !== manifest.digest) throw new RegistryProtocolError(`registry ${client.endpoint.base.host} has stored ${printable(stored)} instead of ${manifest.digest}`);
}

const targetOf = ({ path, reference }: ManifestQuestion): string => `${path}/manifests/${reference}`;
const whatOf = ({ path, reference }: ManifestQuestion): string => `manifest ${path}:${reference}`;
const pullScope = (path: string): string[] => [`repository:${path}:pull`];

function header(reply: HttpReply, name: string): string | undefined {
  const value = reply.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
