import { messageOf } from '../../../api/errors.ts';
import { CredentialStore } from '../../credentials/credential-store.ts';
import { HUB_KEY, hostOf } from '../../credentials/registry-name.ts';
import { defineCommand } from '../../grammar/command.ts';

export const logout = defineCommand({
  usage: '[SERVER]',
  args: { min: 0, max: 1 },
  flags: {},
  examples: [['logout registry.example:5000', 'Forget the credentials for one registry']],
  async run(cli, { args: [server = ''] }) {
    const host = server === '' ? HUB_KEY : hostOf(server);
    // Older logins may stand under any of these.
    const names = server === '' ? [HUB_KEY] : [...new Set([server, host, `http://${host}`, `https://${host}`])];
    cli.line(`Removing login credentials for ${host}`);
    const store = await CredentialStore.open(cli);
    const failures: string[] = [];
    for (const name of names) await store.erase(name).catch((error: unknown) => { failures.push(`${name}: ${messageOf(error)}`); });
    if (failures.length === names.length) cli.error(['WARNING: could not erase credentials:', ...failures].join('\n'));
    return 0;
  },
});
