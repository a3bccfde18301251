import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../api/errors.ts';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { Cli } from '../cli.ts';
import { ExitError } from '../exit.ts';
import { hostOf } from './registry-name.ts';

/** What is known of a person at one registry. `serverAddress` is the name under which it is kept. */
export interface Login {
  username: string;
  password: string;
  /** Stands for the password where a registry has given one. */
  identityToken: string;
  registryToken: string;
  serverAddress: string;
}

type Fields = Record<string, unknown>;

/**
 * docker's client configuration (`config.json`), which both commands share: what is not understood here is kept as it is. Source:
 * docker docs, "docker CLI, configuration files".
 */
export class ClientConfig {
  readonly path: string;
  #fields: Fields;
  /** Why the file could not be read: then nothing is written to it. */
  #broken: string | undefined;

  private constructor(path: string, fields: Fields, broken: string | undefined) {
    this.path = path;
    this.#fields = fields;
    this.#broken = broken;
  }

  /** From `--config`, DOCKER_CONFIG or `~/.docker`. A file that makes no sense is told on standard error and counts as empty. */
  static async load(cli: Pick<Cli, 'env' | 'options' | 'error'>): Promise<ClientConfig> {
    const named = cli.options.configDirectory ?? cli.env['DOCKER_CONFIG'];
    const directory = named === undefined || named === '' ? join(homedir(), '.docker') : resolve(named);
    const config = new ClientConfig(join(directory, 'config.json'), {}, undefined);
    await config.#read();
    if (config.#broken !== undefined) cli.error(`WARNING: Error parsing config file (${config.path}): ${config.#broken}`);
    return config;
  }

  /** Suffix of the `docker-credential-*` program that keeps the credentials for `server`; undefined where this file keeps them. */
  helperFor(server: string): string | undefined {
    const helpers = this.#fields['credHelpers'];
    const own = isFields(helpers) ? helpers[server] : undefined;
    const chosen = own ?? this.#fields['credsStore'];
    return typeof chosen === 'string' && chosen !== '' ? chosen : undefined;
  }

  /** Older files have URLs for keys: a host finds them too. */
  login(server: string): Login | undefined {
    const auths = this.#auths();
    const key = Object.hasOwn(auths, server) ? server : Object.keys(auths).find((name) => hostOf(name) === server);
    return key === undefined ? undefined : toLogin(key, auths[key]);
  }

  /** Keeps a login, or a mark that a helper keeps it (an empty one). @returns whether the file has changed */
  async store(login: Login): Promise<boolean> {
    return this.#change((auths) => {
      const before = Object.hasOwn(auths, login.serverAddress) ? auths[login.serverAddress] : undefined;
      const after = fromLogin(login);
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return false;
      auths[login.serverAddress] = after;
      return true;
    });
  }

  async erase(server: string): Promise<void> {
    await this.#change((auths) => Object.hasOwn(auths, server) && Reflect.deleteProperty(auths, server));
  }

  #auths(): Fields {
    const auths = this.#fields['auths'];
    return isFields(auths) ? auths : {};
  }

  /** On the file as it is now: another login may have come in between. */
  async #change(edit: (auths: Fields) => boolean): Promise<boolean> {
    await this.#read();
    const auths = { ...this.#auths() };
    if (!edit(auths)) return false;
    if (this.#broken !== undefined) throw new ExitError(1, `${this.path} is left as it is, because it cannot be read: ${this.#broken}`);
    this.#fields = { auths, ...Object.fromEntries(Object.entries(this.#fields).filter(([key]) => key !== 'auths')) };
    await this.#write();
    return true;
  }

  async #read(): Promise<void> {
    this.#broken = undefined;
    try {
      const parsed: unknown = JSON.parse(await readFile(this.path, 'utf8').catch(absentIsEmpty));
      if (!isFields(parsed)) throw new Error('no JSON object');
      this.#fields = parsed;
      for (const [server, auth] of Object.entries(this.#auths())) toLogin(server, auth);
    } catch (error) {
      this.#fields = {};
      this.#broken = messageOf(error);
    }
  }

  /** Whole or not at all. A link is followed, and a file that is there keeps its owner and mode. */
  async #write(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const target = await realpath(this.path).catch(() => this.path);
    const present = await stat(target).catch(() => undefined);
    await writeFileAtomic(target, JSON.stringify(this.#fields, undefined, '\t'), {
      mode: (present?.mode ?? 0o600) & 0o777, ...(present === undefined ? {} : { owner: { uid: present.uid, gid: present.gid } }),
    });
  }
}

function absentIsEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '{}';
  throw error;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error for an `auth` that is not `base64(user:password)` */
function toLogin(serverAddress: string, value: unknown): Login {
  const fields = isFields(value) ? value : {};
  const text = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '');
  const [username, password] = text('auth') === '' ? [text('username'), text('password')] : decode(text('auth'));
  return { username, password, identityToken: text('identitytoken'), registryToken: text('registrytoken'), serverAddress };
}

function decode(auth: string): [string, string] {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(auth) || auth.length % 4 !== 0) throw new Error('illegal base64 data');
  const plain = Buffer.from(auth, 'base64').toString('utf8');
  const colon = plain.indexOf(':');
  if (colon <= 0) throw new Error('Invalid auth configuration file');
  return [plain.slice(0, colon), plain.slice(colon + 1).replace(/^\0+|\0+$/g, '')];
}

function fromLogin({ username, password, identityToken, registryToken }: Login): Fields {
  return {
    ...(username === '' && password === '' ? {} : { auth: Buffer.from(`${username}:${password}`).toString('base64') }),
    ...(identityToken === '' ? {} : { identitytoken: identityToken }), ...(registryToken === '' ? {} : { registrytoken: registryToken }),
  };
}
