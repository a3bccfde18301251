import { NotFoundError } from '../../../api/errors.ts';
import type { ImageListener } from '../image.ts';
import type { ImageRecords } from '../image-records.ts';
import { familiarName } from '../reference.ts';
import type { ImageMaker, ImageToMake } from './image-maker.ts';

/** An image over another, as a commit makes it: everything but what the parent says. */
export type CommittedImage = Pick<ImageToMake, 'layer' | 'reference'> & Pick<ImageToMake['description'], 'config' | 'author' | 'comment' | 'createdBy'>;

/** Makes an image over the one that a container was made of. */
export class ImageCommitter {
  readonly #parts: { records: ImageRecords; maker: ImageMaker; announce: ImageListener };

  constructor(parts: { records: ImageRecords; maker: ImageMaker; announce: ImageListener }) {
    this.#parts = parts;
  }

  /** @returns its id. @throws NotFoundError when the parent is gone */
  async makeOver(parentId: string, { layer, reference, ...description }: CommittedImage, signal: AbortSignal): Promise<string> {
    const { records, maker, announce } = this.#parts;
    const parent = records.find(parentId);
    if (!parent) throw new NotFoundError(`No such image: ${parentId}`);
    const { architecture, os, variant } = parent.config;
    const image = await maker.make({ parent, layer, reference, description: { ...description, platform: { architecture, os, ...(variant === undefined ? {} : { variant }) } } }, signal);
    if (reference) announce({ action: 'tag', id: image.id, attributes: { ...image.labels, name: familiarName(reference) } });
    return image.id;
  }
}
