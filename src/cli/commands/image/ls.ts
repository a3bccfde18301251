import { listImages } from '../../../api/client/images.ts';
import type { ImageSummary } from '../../../api/wire/image.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { goTimeString } from '../../output/go-time.ts';
import { type Columns, printListing } from '../../output/listing.ts';
import { shortId } from '../../output/short-text.ts';
import { humanDuration, humanSize } from '../../output/units.ts';
import { filterFlag, toFilters } from '../filters.ts';
import { listFormat } from '../format-flag.ts';

export const listImagesCommand = defineCommand({
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: { min: 0, max: 1 },
  flags: {
    all: bool('Show intermediate images too', { short: 'a' }),
    digests: bool('Show digests'),
    filter: filterFlag(),
    format: listFormat(),
    'no-trunc': bool('Show everything in full length'),
    quiet: bool('Show ids only', { short: 'q' }),
  },
  examples: [['images busybox', 'All versions of one image'], ["images --format '{{.Repository}}:{{.Tag}} {{.Size}}'", 'Names and sizes']],
  async run(cli, { flags, args: [reference] }) {
    const filters = { ...toFilters(flags.filter) };
    if (reference !== undefined) filters['reference'] = [reference];
    const { client } = await cli.engine();
    const images = await listImages(client, { all: flags.all, filters });
    const withDigest = flags.digests || /\{\{[^}]*\.Digest\b/.test(flags.format ?? '');
    await printListing(cli, {
      columns: columns(!flags['no-trunc'], Date.now()),
      table: ['Repository', 'Tag', ...(flags.digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
      quiet: 'ID', rows: images.flatMap((image) => namesOf(image, withDigest)),
    }, flags);
    return 0;
  },
});

interface NamedImage {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

const NONE = '<none>';

/** One row per name; a row per digest too where digests are shown. */
function namesOf(image: ImageSummary, withDigest: boolean): NamedImage[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  const digests = (image.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>');
  if (tags.length === 0 && digests.length === 0) return [{ image, repository: NONE, tag: NONE, digest: NONE }];
  const tagged = tags.flatMap((name) => {
    const [repository, tag] = cutLast(name, ':');
    const own = withDigest ? digests.filter((digest) => cutLast(digest, '@')[0] === repository).map((digest) => cutLast(digest, '@')[1]) : [];
    return (own.length === 0 ? [NONE] : own).map((digest) => ({ image, repository, tag, digest }));
  });
  const repositories = new Set(tagged.map((row) => row.repository));
  const untagged = digests.map((digest) => cutLast(digest, '@')).filter(([repository]) => !repositories.has(repository));
  return [...tagged, ...untagged.map(([repository, digest]) => ({ image, repository, tag: NONE, digest }))];
}

function cutLast(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

function columns(truncate: boolean, now: number): Columns<NamedImage> {
  return {
    ID: { header: 'IMAGE ID', value: ({ image }) => (truncate ? shortId(image.Id) : image.Id) },
    Repository: { header: 'REPOSITORY', value: (row) => row.repository },
    Tag: { header: 'TAG', value: (row) => row.tag },
    Digest: { header: 'DIGEST', value: (row) => row.digest },
    CreatedSince: { header: 'CREATED', value: ({ image }) => (image.Created <= 0 ? 'N/A' : `${humanDuration(now - image.Created * 1000)} ago`) },
    CreatedAt: { header: 'CREATED AT', value: ({ image }) => goTimeString(image.Created) },
    Size: { header: 'SIZE', value: ({ image }) => humanSize(image.Size, 3) },
    Containers: { header: 'CONTAINERS', value: ({ image }) => ((image.Containers ?? -1) < 0 ? 'N/A' : String(image.Containers)) },
    VirtualSize: { header: 'SIZE', value: ({ image }) => humanSize(image.Size) },
    SharedSize: { header: 'SHARED SIZE', value: ({ image }) => ((image.SharedSize ?? -1) < 0 ? 'N/A' : humanSize(image.SharedSize)) },
    UniqueSize: { header: 'UNIQUE SIZE', value: ({ image }) => ((image.SharedSize ?? -1) < 0 ? 'N/A' : humanSize(image.Size - image.SharedSize)) },
  };
}
