import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ContainerConfig } from '../../../api/wire/container.ts';
import type { EventBus } from '../../events/event-bus.ts';
import { applyChanges } from '../../images/changes/apply-changes.ts';
import { familiarName, parseReference, type Reference, withDefaultTag } from '../../images/reference.ts';
import { announce } from '../container-events.ts';
import type { Container } from '../container.ts';
import { mergeConfig } from '../merge-config.ts';
import type { ContainerFiles } from './container-files.ts';

export interface CommitRequest {
  /** Empty: the image gets no name. */
  repository: string;
  tag: string;
  comment: string;
  author: string;
  /** Hold a container that runs still while its files are read. */
  pause: boolean;
  /** Instructions of the Dockerfile language. */
  changes: readonly string[];
  /** Instead of the container's own; what it leaves open comes from there. */
  config: ContainerConfig | undefined;
}

/** What a commit needs of images: a new one over another. */
export interface ImageMaking {
  /** @throws NotFoundError for the parent, InvalidArgumentError for a layer that is none */
  makeOver(parentId: string, image: { layer: AsyncIterable<Uint8Array>; config: ContainerConfig; author: string; comment: string; createdBy: string; reference: Reference | undefined }, signal: AbortSignal): Promise<string>;
}

/** What a commit needs of a container that runs. */
export interface Pausing {
  pause(container: Container): Promise<void>;
  unpause(container: Container): Promise<void>;
}

/** Makes images of containers. */
export class ContainerCommitter {
  readonly #parts: { files: ContainerFiles; images: ImageMaking; pausing: Pausing; events: EventBus };

  constructor(parts: { files: ContainerFiles; images: ImageMaking; pausing: Pausing; events: EventBus }) {
    this.#parts = parts;
  }

  /** @returns the new image's id. @throws InvalidArgumentError for a bad name or change, NotFoundError when the container's image is gone */
  async commit(container: Container, request: CommitRequest, signal: AbortSignal): Promise<string> {
    const { images, events } = this.#parts;
    const { record } = container;
    const named = nameOf(request);
    const config = mergeConfig(applyChanges(request.config ?? record.config, request.changes), record.config);
    const id = await images.makeOver(record.imageId, {
      layer: this.#layer(container, request.pause), config, author: request.author, comment: request.comment, createdBy: (record.config.Cmd ?? []).join(' '),
      reference: named && withDefaultTag(named),
    }, signal);
    announce(events, container.record, 'commit', { comment: request.comment, imageID: id, imageRef: named ? familiarName(named) : '' });
    return id;
  }

  /** The container is held still for as long as its files are read, not for what is done with them afterwards. */
  async *#layer(container: Container, pause: boolean): AsyncGenerator<Uint8Array> {
    const { files, pausing } = this.#parts;
    const held = pause && container.record.state.phase === 'running';
    if (held) await pausing.pause(container);
    try {
      for await (const chunk of await files.layer(container)) yield chunk as Uint8Array;
    } finally {
      if (held && container.record.state.phase === 'paused') await pausing.unpause(container);
    }
  }
}

/** A tag of its own goes before one that is part of the name. */
function nameOf({ repository, tag }: CommitRequest): Reference | undefined {
  if (repository === '') return undefined;
  const reference = parseReference(repository);
  if (reference.digest !== undefined) throw new InvalidArgumentError('refusing to create a tag with a digest reference');
  if (tag === '') return reference;
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new InvalidArgumentError('invalid tag format');
  return parseReference(`${reference.domain}/${reference.path}:${tag}`);
}
