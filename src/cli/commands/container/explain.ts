import { explainContainer } from '../../../api/client/explain.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { explanationText } from './explanation-text.ts';

export const explain = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  flags: {
    all: bool('Every line of the OCI spec, not only those that were asked for', { short: 'a' }),
    json: bool('Print everything as JSON'),
  },
  examples: [['explain web', 'What "web" may use, where its mounts and ports come from, why it ended'], ['explain --all web', 'With every line of its OCI spec']],
  async run(cli, { args: [name = ''], flags }) {
    const { client } = await cli.engine();
    const explanation = await explainContainer(client, name);
    cli.line(flags.json ? JSON.stringify(explanation, undefined, 2) : explanationText(explanation, { all: flags.all, columns: process.stdout.columns || 80 }));
    return 0;
  },
});
