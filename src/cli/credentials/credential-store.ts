import type { RegistryLogin } from '../../api/wire/registry.ts';
import type { Cli } from '../cli.ts';
import { ClientConfig, type Login } from './client-config.ts';
import { CredentialHelper } from './credential-helper.ts';
import { credentialKey } from './registry-name.ts';

/** The name under which helpers keep identity tokens. */
const TOKEN_USER = '<token>';

/** Where a person's credentials are: in docker's configuration file, or with the helper that it names. */
export class CredentialStore {
  readonly #config: ClientConfig;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(config: ClientConfig, env: NodeJS.ProcessEnv) {
    this.#config = config;
    this.#env = env;
  }

  static async open(cli: Pick<Cli, 'env' | 'options' | 'error'>): Promise<CredentialStore> {
    return new CredentialStore(await ClientConfig.load(cli), cli.env);
  }

  /** @param server a key as `credentialKey` makes it. @throws CredentialHelperError */
  async get(server: string): Promise<Login | undefined> {
    const helper = this.#helper(server);
    const kept = this.#config.login(server);
    if (helper === undefined) return kept;
    const found = await helper.get(server);
    if (found === undefined) return undefined;
    const isToken = found.username === TOKEN_USER;
    return {
      username: isToken ? '' : found.username, password: isToken ? '' : found.secret, identityToken: isToken ? found.secret : '',
      registryToken: kept?.registryToken ?? '', serverAddress: server,
    };
  }

  /** @returns the file that now has a password in the clear, where there is one. @throws CredentialHelperError */
  async store(login: Login): Promise<string | undefined> {
    const helper = this.#helper(login.serverAddress);
    if (helper === undefined) return await this.#config.store(login) && login.password !== '' ? this.#config.path : undefined;
    const isToken = login.identityToken !== '';
    await helper.store(login.serverAddress, isToken ? { username: TOKEN_USER, secret: login.identityToken } : { username: login.username, secret: login.password });
    await this.#config.store({ username: '', password: '', identityToken: '', registryToken: login.registryToken, serverAddress: login.serverAddress });
    return undefined;
  }

  /** Nothing there is fine too. @throws CredentialHelperError */
  async erase(server: string): Promise<void> {
    await this.#helper(server)?.erase(server);
    await this.#config.erase(server);
  }

  #helper(server: string): CredentialHelper | undefined {
    const suffix = this.#config.helperFor(server);
    return suffix === undefined ? undefined : new CredentialHelper(suffix, this.#env);
  }
}

/**
 * The X-Registry-Auth header for a registry. A store that fails is nobody's credentials, as with docker: a public image shall still
 * be pulled, and a private one will say what is missing.
 * @param domain of an image's name, or a key
 */
export async function registryAuth(cli: Cli, domain: string): Promise<string> {
  const store = await CredentialStore.open(cli);
  const login = await store.get(credentialKey(domain)).catch(() => undefined);
  return encodeAuth(login === undefined ? {} : toWire(login));
}

export function toWire(login: Login): RegistryLogin {
  const { username, password, identityToken: identitytoken, registryToken: registrytoken, serverAddress: serveraddress } = login;
  return Object.fromEntries(Object.entries({ username, password, serveraddress, identitytoken, registrytoken }).filter(([, value]) => value !== ''));
}

/** dockerd wants the alphabet of URLs, with padding. */
function encodeAuth(login: RegistryLogin): string {
  return Buffer.from(JSON.stringify(login)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
