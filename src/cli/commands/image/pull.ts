import { fullName, parseImageName } from '../../credentials/registry-name.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { pullWithProgress } from './pull-progress.ts';

export const pull = defineCommand({
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: { min: 1, max: 1 },
  flags: {
    'all-tags': bool('Download all tags of the name', { short: 'a' }),
    'disable-content-trust': bool('Skip image verification', { initial: true, hidden: true }),
    platform: text('Platform of the image, e.g. linux/arm64'),
    quiet: bool('Show only the name of the image', { short: 'q' }),
  },
  examples: [['pull busybox:1.37', 'Download one version of an image']],
  async run(cli, { flags, args: [image = ''] }) {
    const name = parseImageName(image);
    const bare = name.tag === undefined && name.digest === undefined;
    if (flags['all-tags'] && !bare) throw new ExitError(1, "tag can't be used with --all-tags/-a");
    if (bare && !flags['all-tags'] && !flags.quiet) cli.line('Using default tag: latest');
    const { client } = await cli.engine();
    await pullWithProgress(cli, client, { image, platform: flags.platform, quiet: flags.quiet, progressTo: process.stdout, allTags: flags['all-tags'] });
    cli.line(fullName(bare && !flags['all-tags'] ? { ...name, tag: 'latest' } : name));
    return 0;
  },
});
