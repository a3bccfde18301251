import { InvalidArgumentError } from '../../api/errors.ts';
import { digestOf } from '../content/digest.ts';
import type { Descriptor } from '../images/manifest.ts';
import { RegistryProtocolError } from './registry-error.ts';
import type { Repository } from './repository.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * A small blob in memory, verified; sources that give other bytes are passed over.
 * @throws InvalidArgumentError above 4 MiB; RegistryProtocolError when no source has the right bytes
 */
export async function collectBlob(repository: Repository, blob: Descriptor, signal?: AbortSignal): Promise<Buffer> {
  if (blob.size > LIMIT_BYTES) throw new InvalidArgumentError(`config ${blob.digest} of ${repository.name} has ${blob.size} bytes: at most ${LIMIT_BYTES} are taken`);
  for (;;) {
    const bytes = Buffer.concat(await Array.fromAsync(repository.fetch(blob, { signal })));
    if (digestOf(bytes) === blob.digest) return bytes;
    if (!repository.distrust(blob)) throw verificationFailed(blob);
  }
}

/** Docker's words. */
export function verificationFailed(blob: Descriptor): RegistryProtocolError {
  return new RegistryProtocolError(`filesystem layer verification failed for digest ${blob.digest}`);
}
