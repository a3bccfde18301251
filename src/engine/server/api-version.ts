import { InvalidArgumentError } from '../../api/errors.ts';

/** A version of the Docker Engine API: `1.51`. */
export interface ApiVersion {
  major: number;
  minor: number;
}

export const NEWEST_API_VERSION: ApiVersion = { major: 1, minor: 55 };
export const OLDEST_API_VERSION: ApiVersion = { major: 1, minor: 24 };

export function formatApiVersion(version: ApiVersion): string {
  return `${String(version.major)}.${String(version.minor)}`;
}

/** True when `version` is `major.minor` or newer. */
export function isAtLeast(version: ApiVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/**
 * The version in a path prefix (`1.41`).
 * @throws InvalidArgumentError with dockerd's words for a version that this engine does not speak
 */
export function negotiateApiVersion(text: string): ApiVersion {
  const [major = NaN, minor = 0] = text.split('.').map(Number);
  const version = { major, minor };
  if (!Number.isInteger(major) || !Number.isInteger(minor)) throw new InvalidArgumentError(`invalid API version ${text}`);
  const { major: oldMajor, minor: oldMinor } = OLDEST_API_VERSION;
  if (!isAtLeast(version, oldMajor, oldMinor)) {
    throw new InvalidArgumentError(`client version ${text} is too old. Minimum supported API version is ${formatApiVersion(OLDEST_API_VERSION)}, please upgrade your client to a newer version`);
  }
  if (!isAtLeast(NEWEST_API_VERSION, major, minor)) {
    throw new InvalidArgumentError(`client version ${text} is too new. Maximum supported API version is ${formatApiVersion(NEWEST_API_VERSION)}`);
  }
  return version;
}
