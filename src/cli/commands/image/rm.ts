import { removeImage } from '../../../api/client/images.ts';
import { NotFoundError } from '../../../api/errors.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { errorText } from '../each.ts';

export const removeImages = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  flags: {
    force: bool('Remove the image even if containers have been made of it', { short: 'f' }),
    'no-prune': bool('Keep parents without a name'),
  },
  examples: [['rmi busybox:1', 'Remove a name, and the image when it was the last one']],
  async run(cli, { flags, args }) {
    const { client } = await cli.engine();
    const errors: string[] = [];
    let fatal = false;
    for (const name of args) {
      try {
        for (const item of await removeImage(client, name, { force: flags.force, noprune: flags['no-prune'] })) {
          cli.line(item.Deleted === undefined || item.Deleted === '' ? `Untagged: ${item.Untagged ?? ''}` : `Deleted: ${item.Deleted}`);
        }
      } catch (error) {
        errors.push(errorText(error, cli));
        fatal ||= !(error instanceof NotFoundError);
      }
    }
    for (const error of errors) cli.error(error);
    return errors.length > 0 && (!flags.force || fatal) ? 1 : 0;
  },
});
