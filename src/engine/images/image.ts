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
  /** By id, short id, reference or digest. @throws NotFoundError `No such image: …` (docker's words: clients look for them), ConflictError for an ambiguous prefix. */
  get(reference: string): Promise<Image>;
  find(reference: string): Promise<Image | undefined>;
  count(): Promise<number>;
}

/** What images need of containers. Asked in the moment of a removal, so it answers at once. */
export type ImageUsers = (imageId: string) => readonly ImageUser[];

export interface ImageUser {
  containerId: string;
  running: boolean;
}

/** Announces what has happened to an image; nothing in the engine is driven by it. */
export type ImageListener = (event: ImageEvent) => void;

export interface ImageEvent {
  action: 'load' | 'tag' | 'untag' | 'delete' | 'pull' | 'push' | 'save' | 'import' | 'prune';
  id: string;
  /** The image's labels and `name`. */
  attributes: Readonly<Record<string, string>>;
}
