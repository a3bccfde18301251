import { tagImage } from '../../../api/client/images.ts';
import { defineCommand } from '../../grammar/command.ts';
import { splitReference } from './pull-progress.ts';

export const tag = defineCommand({
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: { min: 2, max: 2 },
  flags: {},
  examples: [['tag busybox localhost:5000/busybox:mine', 'Give "busybox" a name at a registry']],
  async run(cli, { args: [source = '', target = ''] }) {
    const { client } = await cli.engine();
    const { name, tag: version } = splitReference(target);
    await tagImage(client, source, { repo: name, tag: version });
    return 0;
  },
});
