import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { parseSeccompProfile } from '../runtime/seccomp.ts';

const BOOLEANS = ['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False'];

/** `--security-opt`, in dockerd's words. Pure. @throws InvalidArgumentError */
export function checkSecurityOptions(options: readonly string[]): void {
  for (const option of options) {
    if (option === 'no-new-privileges' || option === 'disable') continue;
    const match = /^([^=:]*)[=:](.*)$/s.exec(option);
    if (!match) throw new InvalidArgumentError(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    const [, name = '', value = ''] = match;
    if (name === 'no-new-privileges' ? !BOOLEANS.includes(value) : !['label', 'apparmor', 'seccomp'].includes(name)) throw new InvalidArgumentError(`invalid --security-opt 2: ${JSON.stringify(option)}`);
    if (name === 'seccomp' && value !== 'unconfined' && value !== 'builtin') checkProfile(value);
  }
}

function checkProfile(json: string): void {
  try {
    parseSeccompProfile(json, '--security-opt');
  } catch (cause) {
    throw new InvalidArgumentError(`Decoding seccomp profile failed: ${messageOf(cause)}`, { cause });
  }
}
