import { InvalidArgumentError } from '../../../api/errors.ts';
import type { ImageImporter } from '../../images/import/image-importer.ts';
import type { Platform } from '../../images/manifest.ts';
import { parseReference, type Reference, withDefaultTag } from '../../images/reference.ts';
import { parsePlatform } from '../../registry/platform.ts';
import { ProgressStream } from '../progress-stream.ts';
import type { RouteContext } from '../route.ts';

/** `POST /images/create?fromSrc=`: the archive is the body for `-`, else it is fetched. */
export async function importImage({ importer, host }: { importer: Pick<ImageImporter, 'import'>; host: Platform }, context: RouteContext): Promise<void> {
  const { query } = context;
  const source = query.get('fromSrc') ?? '';
  if (source === '') throw new InvalidArgumentError('invalid reference format');
  const wanted = query.get('platform') ?? '';
  const platform = wanted === '' ? host : parsePlatform(wanted, host);
  if (platform.os !== 'linux') throw new InvalidArgumentError('operating system is not supported');
  const request = {
    source: source === '-' ? context.body : source, platform, message: query.get('message') ?? '', changes: query.getAll('changes'),
    reference: referenceOf(query.get('repo') ?? '', query.get('tag') ?? ''),
  };
  const stream = new ProgressStream(context);
  await stream.finish(() => importer.import(request, {
    signal: context.signal,
    onProgress: (progress) => {
      if (progress.kind === 'source') stream.say({ status: `Downloading from ${progress.url}` });
      else if (progress.kind === 'bytes') stream.bar('Importing', '', progress.current, progress.total ?? 0);
      else stream.say({ status: progress.id });
    },
  }));
}

function referenceOf(repository: string, tag: string): Reference | undefined {
  if (repository === '') return undefined;
  const reference = parseReference(repository);
  if (reference.digest !== undefined) throw new InvalidArgumentError('cannot import digest reference');
  return withDefaultTag(tag === '' ? reference : parseReference(`${reference.domain}/${reference.path}:${tag}`));
}
