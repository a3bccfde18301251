import { pushImage } from '../../../api/client/images.ts';
import { registryAuth } from '../../credentials/credential-store.ts';
import { fullName, parseImageName } from '../../credentials/registry-name.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { ProgressPrinter } from '../../output/progress.ts';
import { splitReference } from './pull-progress.ts';

export const push = defineCommand({
  usage: '[OPTIONS] NAME[:TAG]',
  args: { min: 1, max: 1 },
  flags: {
    'all-tags': bool('Upload all tags of the name', { short: 'a' }),
    'disable-content-trust': bool('Skip image signing', { initial: true, hidden: true }),
    quiet: bool('Show only the name of the image', { short: 'q' }),
  },
  examples: [['push registry.example:5000/web:1.2', 'Upload one version of an image']],
  async run(cli, { flags, args: [image = ''] }) {
    const name = parseImageName(image);
    const bare = name.tag === undefined && name.digest === undefined;
    if (flags['all-tags'] && !bare) throw new ExitError(1, "tag can't be used with --all-tags/-a");
    if (name.digest !== undefined) throw new ExitError(1, 'cannot push a digest reference');
    if (!flags['all-tags'] && bare && !flags.quiet) cli.line('Using default tag: latest');
    const tag = flags['all-tags'] ? undefined : name.tag ?? 'latest';
    const { client } = await cli.engine();
    const printer = new ProgressPrinter(process.stdout);
    const query = tag === undefined ? {} : { tag };
    for await (const message of pushImage(client, splitReference(image).name, query, { registryAuth: await registryAuth(cli, name.domain) })) {
      const failure = message.errorDetail?.message ?? message.error;
      if (failure !== undefined) throw new ExitError(1, failure);
      if (!flags.quiet) printer.show(message);
    }
    if (flags.quiet) cli.line(fullName({ ...name, tag }));
    return 0;
  },
});
