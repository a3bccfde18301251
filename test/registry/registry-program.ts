import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { exec } from '../../src/base/exec.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Program } from '../fixtures/program.ts';
import { findTool } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from 'node:http';

export const REGISTRY_TOOLS = ['docker-registry', 'openssl'] as const;
/** `tester` / `pass:word`, hashed by crypt(3) (bcrypt): what htpasswd -B writes. */
const HTPASSWD = 'tester:$2b$04$ny73mCFa5r4fVPnouB412eVQMP9NblDZ/yYfliAclOPVivkW3gvcm\n';
export const USER = { username: 'tester', password: 'pass:word' } as const;

export interface RegistryOptions {
  /** A certificate of a private authority; `clients` also asks for one. */
  tls?: 'server' | 'clients';
  auth?: 'htpasswd' | { realm: string; certificate: string };
  /** Whose loopback it listens on, e.g. an engine's; the test's own unless given. */
  network?: NetworkNamespace;
  /** Another registry's `storage`: both then have the same images, also where their networks never meet. */
  storage?: string;
  /** Any free one unless given. */
  port?: number;
}

/** Debian's docker-registry on a loopback port of its own. Disposing ends it and deletes its data. */
export class RegistryProgram implements AsyncDisposable {
  readonly authority: string;
  readonly scratch: Scratch;
  readonly #network: NetworkNamespace | undefined;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(authority: string, scratch: Scratch, network: NetworkNamespace | undefined, cleanup: AsyncDisposableStack) {
    this.authority = authority;
    this.scratch = scratch;
    this.#network = network;
    this.#cleanup = cleanup;
  }

  /** Copies an image into it, without TLS. @param source as skopeo names it: `oci-archive:FILE` @returns the name that was given */
  async publish(source: string, name: string): Promise<string> {
    const full = `${this.authority}/${name}`;
    const [file = '', ...args] = enter(this.#network, ['skopeo', '--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', source, `docker://${full}`]);
    await exec(file, args, { timeoutMs: 60_000 });
    return full;
  }

  static async start(options: RegistryOptions = {}): Promise<RegistryProgram> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('reg'));
    const authority = `127.0.0.1:${String(options.port ?? await freePort())}`;
    if (options.tls) await makeCertificates(scratch);
    if (options.auth === 'htpasswd') await writeFile(scratch.file('htpasswd'), HTPASSWD);
    await writeFile(scratch.file('config.json'), JSON.stringify(configuration(scratch, authority, options)));
    const program = cleanup.use(new Program(enter(options.network, [findTool('docker-registry') ?? 'docker-registry', 'serve', scratch.file('config.json')])));
    await program.until('start of docker-registry', 20_000, waitUntil('docker-registry to answer', () => answers(authority, options, scratch), { timeoutMs: 20_000, everyMs: 50 }));
    return new RegistryProgram(authority, scratch, options.network, cleanup.move());
  }

  /** Where its content is, for a second one. */
  get storage(): string {
    return this.scratch.file('data');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup[Symbol.asyncDispose]();
  }
}

function enter(network: NetworkNamespace | undefined, command: string[]): string[] {
  return network?.enter(command) ?? command;
}

/** JSON is YAML. */
function configuration(scratch: Scratch, addr: string, { tls, auth, storage }: RegistryOptions): object {
  const certificates = { certificate: scratch.file('server.crt'), key: scratch.file('server.key') };
  return {
    version: 0.1, log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage ?? scratch.file('data') }, delete: { enabled: true } },
    http: { addr, ...(tls ? { tls: { ...certificates, ...(tls === 'clients' ? { clientcas: [scratch.file('ca.crt')] } : {}) } } : {}) },
    ...(auth === 'htpasswd' ? { auth: { htpasswd: { realm: 'test', path: scratch.file('htpasswd') } } } : {}),
    ...(typeof auth === 'object' ? { auth: { token: { realm: auth.realm, service: 'test', issuer: 'test', rootcertbundle: auth.certificate } } } : {}),
  };
}

async function answers(authority: string, { tls, network }: RegistryOptions, scratch: Scratch): Promise<boolean> {
  if (network) return network.run(['bash', '-c', `: < /dev/tcp/${authority.replace(':', '/')}`]).then(() => true, () => false);
  const client = tls === 'clients' ? { cert: await readFile(scratch.file('client.cert')), key: await readFile(scratch.file('client.key')) } : {};
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = tls ? httpsRequest(`https://${authority}/v2/`, { rejectUnauthorized: false, agent: false, ...client }) : httpRequest(`http://${authority}/v2/`, { agent: false });
  request.on('response', (reply) => { reply.resume(); resolve(true); });
  request.on('error', () => { resolve(false); });
  request.end();
  return promise;
}

/** `ca.crt`, `server.{crt,key}` for 127.0.0.1 and `client.{cert,key}`. */
async function makeCertificates(scratch: Scratch): Promise<void> {
  const openssl = (...args: string[]): Promise<unknown> => exec('openssl', args, { cwd: scratch.path, timeoutMs: 20_000 });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test authority');
  await writeFile(scratch.file('san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test\n');
  for (const [name, certificate] of [['server', 'server.crt'], ['client', 'client.cert']] as const) {
    await openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    await openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', certificate, '-days', '2', ...(name === 'server' ? ['-extfile', 'san'] : []));
  }
}

export async function freePort(): Promise<number> {
  const server = createTcpServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const closed = Promise.withResolvers<void>();
  server.close(() => { closed.resolve(); });
  await closed.promise;
  return port;
}
