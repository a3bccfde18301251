import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

/** A helper that could not run, or ended with an error. The text is docker's. */
export class CredentialHelperError extends Error {}

/** A name and its secret, as helpers keep them. */
export interface KeptSecret {
  username: string;
  secret: string;
}

const NOT_FOUND = 'credentials not found in native keychain';
const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/**
 * One of the programs `docker-credential-SUFFIX`, which keep credentials outside of files.
 * Protocol: verb as argument, server or JSON on standard input, JSON on standard output, and in case of an error its text there.
 * Source: github.com/docker/docker-credential-helpers, README, "Development".
 */
export class CredentialHelper {
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(suffix: string, env: NodeJS.ProcessEnv) {
    this.#program = `docker-credential-${suffix}`;
    this.#env = env;
  }

  /** Undefined where it has none for the server. @throws CredentialHelperError */
  async get(server: string): Promise<KeptSecret | undefined> {
    const { output, failure } = await this.#run('get', server);
    if (failure !== undefined && output === NOT_FOUND) return undefined;
    if (failure !== undefined) throw new CredentialHelperError(`error getting credentials - err: ${failure}, out: \`${output}\``);
    const parsed: unknown = JSON.parse(output);
    const fields = new Map<string, unknown>(Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {}));
    const username = fields.get('Username');
    const secret = fields.get('Secret');
    if (typeof username !== 'string' || typeof secret !== 'string') throw new CredentialHelperError(`${this.#program} gave no credentials for ${server}`);
    return { username, secret };
  }

  /** @throws CredentialHelperError */
  async store(server: string, { username, secret }: KeptSecret): Promise<void> {
    const { output, failure } = await this.#run('store', `${JSON.stringify({ ServerURL: server, Username: username, Secret: secret })}\n`);
    if (failure !== undefined) throw new CredentialHelperError(`error storing credentials - err: ${failure}, out: \`${output}\``);
  }

  /** @throws CredentialHelperError */
  async erase(server: string): Promise<void> {
    const { output, failure } = await this.#run('erase', server);
    if (failure !== undefined) throw new CredentialHelperError(`error erasing credentials - err: ${failure}, out: \`${output}\``);
  }

  async #run(verb: string, input: string): Promise<{ output: string; failure: string | undefined }> {
    const child = spawn(this.#program, [verb], { stdio: ['pipe', 'pipe', 'inherit'], env: this.#env });
    const ended = Promise.withResolvers<string | undefined>();
    child.on('error', (error: NodeJS.ErrnoException) => {
      ended.resolve(error.code === 'ENOENT' ? `exec: "${this.#program}": executable file not found in $PATH` : error.message);
    });
    child.on('close', (code, signal) => { ended.resolve(code === 0 ? undefined : signal === null ? `exit status ${String(code)}` : `signal: ${signal}`); });
    // Whoever ends without reading is judged by the exit status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [output, failure] = await Promise.all([buffer(child.stdout).catch(() => Buffer.alloc(0)), ended.promise]);
    return { output: output.subarray(0, OUTPUT_LIMIT_BYTES).toString('utf8').trim(), failure };
  }
}
