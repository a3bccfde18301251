import { info } from '../../../api/client/system.ts';
import { isReply } from '../../../api/errors.ts';
import { formatEndpoint } from '../../../api/node/endpoint.ts';
import { defineCommand } from '../../grammar/command.ts';
import { printObject } from '../../output/print-object.ts';
import { VERSION } from '../../strata-version.ts';
import { errorText } from '../each.ts';
import { objectFormat } from '../format-flag.ts';
import { serverInfo } from './info-text.ts';

export const infoCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: objectFormat() },
  examples: [["info --format '{{.Driver}}'", 'How the engine keeps file systems']],
  async run(cli, { flags }) {
    const clientInfo = { Debug: cli.options.debug, Version: VERSION, Os: process.platform, Arch: process.arch === 'x64' ? 'amd64' : process.arch, Context: 'default', Plugins: [], Warnings: null };
    const reply = await cli.engine().then(async (engine) => ({ info: await info(engine.client), endpoint: formatEndpoint(engine.chosen.endpoint) })).catch((error: unknown) => ({ error }));
    const failed = 'error' in reply ? errorText(reply.error, cli) : undefined;
    if (flags.format !== undefined && flags.format !== '') {
      await printObject(cli, { ...('info' in reply ? reply.info : {}), ...(failed === undefined ? {} : { ServerErrors: [failed] }), ClientInfo: clientInfo }, flags.format);
      if (failed !== undefined) cli.error(failed);
      return failed === undefined ? 0 : 1;
    }
    const lines = ['Client:', ` Version:    ${VERSION}`, ' Context:    default', ` Debug Mode: ${cli.options.debug}`, '', 'Server:'];
    if ('info' in reply) lines.push(...serverInfo(reply.info), '');
    cli.line(lines.join('\n'));
    if ('info' in reply) {
      for (const warning of reply.info.Warnings ?? []) cli.error(warning);
      return 0;
    }
    cli.error(isReply(reply.error) ? failed ?? '' : `error: ${failed ?? ''}`);
    return 1;
  },
});
