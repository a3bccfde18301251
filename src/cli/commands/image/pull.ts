import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { pullWithProgress, splitReference } from './pull-progress.ts';

export const pull = defineCommand({
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: { min: 1, max: 1 },
  flags: {
    platform: text('Platform of the image, e.g. linux/arm64'),
    quiet: bool('Show only the name of the image', { short: 'q' }),
  },
  examples: [['pull busybox:1.37', 'Download one version of an image']],
  async run(cli, { flags, args: [image = ''] }) {
    const { name, tag } = splitReference(image);
    if (!image.includes('@') && image === name) cli.line('Using default tag: latest');
    const { client } = await cli.engine();
    await pullWithProgress(cli, client, { image, platform: flags.platform, quiet: flags.quiet, progressTo: process.stdout });
    cli.line(fullName(name, tag));
    return 0;
  },
});

/** The name with its registry: `docker.io/library/busybox:latest`. */
function fullName(name: string, tag: string): string {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const full = hasRegistry ? name : `docker.io/${slash < 0 ? 'library/' : ''}${name}`;
  return `${full}${tag.includes(':') ? '@' : ':'}${tag}`;
}
