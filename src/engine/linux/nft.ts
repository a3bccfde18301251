import { exec, ExecError } from '../../base/exec.ts';
import type { Logger } from '../../base/log.ts';
import { InternalError, UnavailableError } from '../../api/errors.ts';

/**
 * Applies commands of nft(8) as one transaction: all of them or none.
 * @throws UnavailableError when nft is not installed; InternalError with its words otherwise
 */
export async function applyNft(commands: string, log: Logger): Promise<void> {
  try {
    await exec('nft', ['-f', '-'], { input: commands, log, timeoutMs: 30_000, env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` } });
  } catch (cause) {
    if (cause instanceof ExecError && cause.exitCode === null && cause.stderr === '') throw new UnavailableError('nft is not installed; containers need it for their network (apt-get install nftables)', { cause });
    throw new InternalError(`cannot change the firewall: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
