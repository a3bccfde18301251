import { InvalidArgumentError } from '../../api/errors.ts';
import type { Mount } from '../snapshots/mount.ts';

const KNOWN = ['type', 'o', 'device', 'size'];

/**
 * What the options of a volume of the local driver mean: `type`, `device` and `o` are those of mount(8). Pure.
 * @returns undefined for a volume that is a plain directory
 * @throws InvalidArgumentError in dockerd's words
 */
export function localMount(options: Readonly<Record<string, string>>): Mount | undefined {
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw new InvalidArgumentError(`invalid option: "${unknown}"`);
  const { type = '', device = '', o = '', size } = options;
  if (size !== undefined) throw new InvalidArgumentError(/^\d+(\.\d+)?\s*[kmgtp]?i?b?$/i.test(size) ? 'quota size requested but no quota support' : `invalid size: '${size}'`);
  if (type === '' && device === '' && o === '') return undefined;
  if (device === '') throw new InvalidArgumentError('missing required option: "device"');
  if (type === '') throw new InvalidArgumentError('missing required option: "type"');
  return { type, source: device, options: o.split(',').filter((option) => option !== '') };
}
