import { readFile, rm } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { MachinePaths } from './machine-paths.ts';
import { generateSshKeyPair, type OpenSshKeyPair } from './ssh/openssh-keys.ts';

/** The keys of one machine: who may enter the guest, and who the guest is. */
export interface MachineKeys {
  user: OpenSshKeyPair;
  host: OpenSshKeyPair;
}

/** Reads the machine's keys, making those that are missing. A private key without its public half (or the reverse) is made anew. */
export async function ensureMachineKeys(paths: MachinePaths): Promise<MachineKeys> {
  return { user: await ensurePair(paths.userKey, `strata-${paths.name}`), host: await ensurePair(paths.hostKey, `strata-${paths.name}-guest`) };
}

async function ensurePair(file: string, comment: string): Promise<OpenSshKeyPair> {
  const [privateKey, publicKey] = await Promise.all([readIfThere(file), readIfThere(`${file}.pub`)]);
  if (privateKey !== undefined && publicKey !== undefined) return { privateKey, publicKey: publicKey.trim() };
  const pair = generateSshKeyPair(comment);
  await rm(`${file}.pub`, { force: true });
  await writeFileAtomic(file, pair.privateKey, { mode: 0o600 });
  await writeFileAtomic(`${file}.pub`, `${pair.publicKey}\n`, { mode: 0o644 });
  return pair;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
