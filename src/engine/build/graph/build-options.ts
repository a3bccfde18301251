import type { ContainerConfig } from '../../../api/wire/container.ts';
import type { Platform } from '../../images/manifest.ts';

export interface BuildOptions {
  /** Name of the stage that is wanted; the last if not given. */
  target?: string;
  /** `--build-arg`: values by name. */
  arguments: ReadonlyMap<string, string>;
  /** Where the build runs. */
  buildPlatform: Platform;
  /** What the image is for; the same if not given. */
  targetPlatform?: Platform;
  /** `--build-context`: where to by name, such as `docker-image://alpine`, `https://…`, `local:…`. */
  contexts?: ReadonlyMap<string, string>;
  /** `--label`. */
  labels?: Readonly<Record<string, string>>;
}

/** Something outside the Dockerfile that files come from: an image, or a context that was named on the command line. */
export interface ExternalSource {
  kind: 'image' | 'context';
  /** As written in the Dockerfile. */
  name: string;
  /** Of an image: its full name with tag or digest. Of a context: what was given for it. */
  location: string;
  platform: Platform;
}

/** What is known of the image that a stage begins with. */
export interface BaseImage {
  config: ContainerConfig;
  author?: string;
  /** What its config says it is for. */
  platform?: Platform;
}

/** One text per source: equal for equal ones. */
export function sourceKey({ kind, location, platform }: ExternalSource): string {
  return [kind, location, platform.os, platform.architecture, platform.variant ?? ''].join('\n');
}
