import type { ContainerConfig } from '../../api/wire/container.ts';

/** An image as the rest of the engine sees it: parsed, checked, unpacked. */
export interface Image {
  /** `sha256:…` of the config: the id that people see. */
  id: string;
  /** `name:tag` references, familiar form (`busybox:latest`), and `name@sha256:…`. */
  repoTags: readonly string[];
  repoDigests: readonly string[];
  architecture: string;
  variant?: string;
  os: string;
  created: string;
  author: string;
  comment: string;
  /** Docker's spelling is kept: it travels unchanged into containers and to clients. */
  config: ContainerConfig;
  diffIds: readonly string[];
  /** The committed snapshot that holds the image's top layer; undefined for an image without layers. */
  topSnapshot: string | undefined;
  sizeBytes: number;
}

/** What containers need of images. */
export interface ImageSource {
  /** By id, short id, reference or digest. @throws NotFoundError `no such image: …`, ConflictError for an ambiguous prefix. */
  get(reference: string): Promise<Image>;
  find(reference: string): Promise<Image | undefined>;
  count(): Promise<number>;
}
