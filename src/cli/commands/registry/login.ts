import { text as readText } from 'node:stream/consumers';
import { loginAtRegistry } from '../../../api/client/registry.ts';
import { messageOf, UnauthorizedError } from '../../../api/errors.ts';
import type { Cli } from '../../cli.ts';
import type { Login } from '../../credentials/client-config.ts';
import { CredentialHelperError } from '../../credentials/credential-helper.ts';
import { CredentialStore, toWire } from '../../credentials/credential-store.ts';
import { credentialKey, HUB_KEY } from '../../credentials/registry-name.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool, text } from '../../grammar/flag.ts';
import { askLine, askSecret } from '../../terminal/prompt.ts';

interface LoginFlags {
  username: string | undefined;
  password: string | undefined;
  'password-stdin': boolean;
}

export const login = defineCommand({
  usage: '[OPTIONS] [SERVER]',
  args: { min: 0, max: 1 },
  flags: {
    password: text('Password or access token', { short: 'p' }),
    'password-stdin': bool('Read the password or access token from standard input'),
    username: text('User name', { short: 'u' }),
  },
  examples: [['login -u me --password-stdin registry.example:5000 < token', 'Log in without leaving the password in the history of the shell']],
  async run(cli, { flags, args: [server = ''] }) {
    const password = await givenPassword(cli, flags);
    const key = credentialKey(server);
    const store = await CredentialStore.open(cli);
    const asked = flags.username === undefined && password === '';
    // A store that fails has nothing: whoever logs in hears of it when the new credentials are to be kept.
    const known = asked ? await store.get(key).catch(() => undefined) : undefined;
    const status = await withKnown(cli, store, known) ?? await withNew(cli, store, { key, username: flags.username ?? '', password, known });
    if (status !== '') cli.line(status);
    return 0;
  },
});

async function givenPassword(cli: Cli, flags: LoginFlags): Promise<string> {
  if (flags.password !== undefined && flags['password-stdin']) throw new ExitError(1, 'conflicting options: cannot specify both --password and --password-stdin');
  if (flags.password !== undefined) cli.error('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
  if (!flags['password-stdin']) return flags.password ?? '';
  if (flags.username === undefined || flags.username === '') throw new ExitError(1, 'the --password-stdin option requires --username to be set');
  return (await readText(process.stdin)).replace(/\r?\n$/, '');
}

/** Undefined where there is nothing to try, or what is there is refused. */
async function withKnown(cli: Cli, store: CredentialStore, known: Login | undefined): Promise<string | undefined> {
  if (known === undefined || known.username === '' || known.password === '') return undefined;
  cli.error(`Authenticating with existing credentials... [Username: ${known.username}]\n\n Info -> To login with a different account, run 'strata logout' followed by 'strata login'\n\n`);
  try {
    return await tryAndKeep(cli, store, known);
  } catch (error) {
    if (error instanceof ExitError) throw error;
    cli.error(error instanceof UnauthorizedError ? 'Stored credentials invalid or expired' : `Login did not succeed, error: ${messageOf(error)}`);
    return undefined;
  }
}

async function withNew(cli: Cli, store: CredentialStore, given: { key: string; username: string; password: string; known: Login | undefined }): Promise<string> {
  const complete = given.username !== '' && given.password !== '';
  if (!complete && !process.stdin.isTTY) throw new ExitError(1, 'Error: Cannot perform an interactive login from a non TTY device');
  const username = given.username.trim() === '' ? await askForName(given.key, given.known?.username ?? '') : given.username.trim();
  const password = given.password.trim() === '' ? await askSecret('Password: ') : given.password;
  if (password === '') throw new ExitError(1, 'error: password is required');
  return tryAndKeep(cli, store, { username, password, identityToken: '', registryToken: '', serverAddress: given.key });
}

async function askForName(key: string, known: string): Promise<string> {
  if (key === HUB_KEY) process.stdout.write('Log in with your Docker ID or email address to push and pull images from Docker Hub.\n');
  const answer = (await askLine(known === '' ? 'Username: ' : `Username (${known}): `)).trim();
  if (answer === '' && known === '') throw new ExitError(1, 'error: username is required');
  return answer === '' ? known : answer;
}

/** @throws StrataError where the registry refuses, ExitError where the login cannot be kept */
async function tryAndKeep(cli: Cli, store: CredentialStore, login: Login): Promise<string> {
  const { client } = await cli.engine();
  const { Status: status, IdentityToken: identityToken = '' } = await loginAtRegistry(client, toWire(login));
  const file = await store.store(identityToken === '' ? login : { ...login, password: '', identityToken }).catch((error: unknown) => {
    throw error instanceof CredentialHelperError ? new ExitError(1, `Error saving credentials: ${error.message}`) : error;
  });
  if (file !== undefined) cli.error(`\nWARNING! Your credentials are stored unencrypted in '${file}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n`);
  return status;
}
