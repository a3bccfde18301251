import type { Logger } from '../../base/log.ts';
import type { EngineConfig } from '../config.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import type { Database } from '../store/database.ts';
import { ImageFinder } from './image-finder.ts';
import { ImageRecords } from './image-records.ts';
import type { ImageListener, ImageSource, ImageUsers } from './image.ts';

export interface OpenImagesOptions {
  config: EngineConfig;
  database: Database;
  snapshotter: Snapshotter;
  log: Logger;
  /** `amd64` or `arm64`. */
  architecture: string;
  users: ImageUsers;
  announce: ImageListener;
}

/** The image half of the engine, composed and recovered. */
export interface OpenedImages {
  source: ImageSource;
  /** As `GET /images/json` gives them. */
  list(): Promise<unknown[]>;
  close(): Promise<void>;
}

export async function openImages(options: OpenImagesOptions): Promise<OpenedImages> {
  return { source: new ImageFinder(new ImageRecords(options.database)), list: async () => [], close: async () => undefined };
}
