import { InvalidArgumentError } from '../../../api/errors.ts';
import { parseReference, withDefaultTag } from '../reference.ts';
import { FieldReader, isObject, parseJson } from '../untrusted-json.ts';
import type { ArchiveContents } from './archive-contents.ts';
import type { ArchivedImage } from './archived-image.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;
const IMAGES_LIMIT = 1000;

/** Docker's archives since 1.10: `manifest.json` names the rest. Source: moby image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format". */
export async function readDockerArchive(contents: ArchiveContents): Promise<ArchivedImage[]> {
  const list = parseJson(await contents.read('manifest.json', LIMIT_BYTES), 'manifest.json');
  if (!Array.isArray(list) || !list.every(isObject)) throw new InvalidArgumentError('invalid manifest.json: must be a list of objects');
  if (list.length > IMAGES_LIMIT) throw new InvalidArgumentError(`invalid manifest.json: ${list.length} images are too many`);
  return list.map((item, index) => {
    const fields = new FieldReader(item, `manifest.json[${index}]`);
    const configName = fields.string('Config');
    if (configName === undefined || configName === '') throw new InvalidArgumentError(`invalid manifest.json[${index}]: there is no Config`);
    return {
      configName, layerNames: fields.strings('Layers') ?? [], manifest: undefined,
      references: (fields.strings('RepoTags') ?? []).map((tag) => withDefaultTag(parseReference(tag))),
    };
  });
}
