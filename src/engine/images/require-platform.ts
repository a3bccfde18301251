import { NotFoundError } from '../../api/errors.ts';
import { acceptable, formatPlatform, normalize } from '../registry/platform.ts';
import type { Platform } from './manifest.ts';

/** @throws NotFoundError in docker's words unless an image of platform `actual` is one for `wanted` */
export function requirePlatform(name: string, actual: Platform, wanted: Platform): void {
  const found = formatPlatform(normalize(actual));
  if (acceptable(wanted)[0] !== found) throw new NotFoundError(`image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`);
}
