import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../api/errors.ts';
import { chooseEngine } from '../engine/choose.ts';
import { ExitError } from '../exit.ts';
import { defineCommand } from '../grammar/command.ts';
import { bool, int } from '../grammar/flag.ts';
import { GuiServer } from '../gui/gui-server.ts';
import { browserCommand, desktopProgram, installationRoot, launch } from '../gui/open-interface.ts';

export const gui = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    port: int('Port of the server on this computer (0: any free one)', { defaultText: '0' }),
    serve: bool('Serve the interface to a browser and print its address, which works once'),
  },
  examples: [['gui', 'Open the interface'], ['gui --serve --port 7070', 'Serve it; forward the port to see it from another computer']],
  async run(cli, { flags }) {
    const root = installationRoot();
    const desktop = flags.serve ? undefined : desktopProgram(root);
    if (desktop !== undefined && await launch(desktop)) return 0;
    const files = join(root, 'dist/renderer');
    if (!existsSync(join(files, 'index.html'))) throw new ExitError(1, 'the interface has not been built: run npm run build');
    const chosen = chooseEngine(cli.options.host, cli.env);
    const port = flags.port ?? 0;
    if (port < 0 || port > 65535) throw new ExitError(1, `invalid port ${port}: use 0 to 65535`);
    await using server = await GuiServer.start({ port, files, engine: chosen.endpoint, ...(chosen.machine === undefined ? {} : { machine: chosen.machine }) })
      .catch((error: unknown) => { throw new ExitError(1, `cannot serve the interface on port ${port}: ${messageOf(error)}`); });
    const browser = flags.serve ? undefined : browserCommand(cli.env);
    if (browser === undefined || !(await launch([...browser, server.url]))) cli.line(server.url);
    else cli.error('The interface is open in your browser. Ctrl-C ends it.');
    await new Promise((resolve) => { for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve); });
    return 0;
  },
});
