import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '../../api/errors.ts';

/** `sha256:` + 64 hex digits, checked. Source: OCI image-spec, descriptor.md, "Digests". */
export type Digest = string & { readonly __brand: 'Digest' };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text);
}

/** @throws InvalidArgumentError for anything but a lower-case sha256 digest */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  throw new InvalidArgumentError(`invalid digest ${JSON.stringify(String(text)).slice(0, 100)}: must be sha256: and 64 hexadecimal digits`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** The 64 hexadecimal digits alone. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
