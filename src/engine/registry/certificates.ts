import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { InvalidArgumentError, messageOf } from '../../api/errors.ts';

/** What a host's directory in certs.d holds. */
export interface HostCertificates {
  /** The host's own authorities, beside the usual ones. */
  authorities: readonly string[];
  /** Client certificates with their keys. */
  clients: readonly { cert: string; key: string }[];
}

export const NO_CERTIFICATES: HostCertificates = { authorities: [], clients: [] };

/**
 * Reads `DIRECTORY/HOST/` of the first directory that has it: `*.crt` are certificate authorities, `x.cert` with `x.key` is a client
 * certificate. Source: docker docs, "Verify repository client with certificates".
 * @param authority as people write it: `localhost:5000`
 * @throws InvalidArgumentError when a certificate has no key or a key no certificate
 */
export async function readHostCertificates(directories: readonly string[], authority: string): Promise<HostCertificates> {
  // The authority comes out of an image's name: nothing in it may lead elsewhere.
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(authority) || authority.startsWith('.')) return NO_CERTIFICATES;
  for (const directory of directories) {
    const home = join(directory, authority);
    const names = await readdir(home).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw new InvalidArgumentError(`cannot read the certificates in ${home}: ${messageOf(error)}`, { cause: error });
    });
    if (names) return readHome(home, names.toSorted());
  }
  return NO_CERTIFICATES;
}

async function readHome(home: string, names: readonly string[]): Promise<HostCertificates> {
  const read = (name: string): Promise<string> => readFile(join(home, name), 'utf8');
  const own = await Promise.all(names.filter((name) => name.endsWith('.crt')).map(read));
  for (const name of names.filter((candidate) => candidate.endsWith('.key'))) {
    if (!names.includes(name.replace(/\.key$/, '.cert'))) throw new InvalidArgumentError(`missing client certificate ${name.replace(/\.key$/, '.cert')} for key ${name} in ${home}. CA certificates must use the extension .crt`);
  }
  const clients = await Promise.all(names.filter((name) => name.endsWith('.cert')).map(async (name) => {
    const key = name.replace(/\.cert$/, '.key');
    if (!names.includes(key)) throw new InvalidArgumentError(`missing key ${key} for client certificate ${name} in ${home}. CA certificates must use the extension .crt`);
    return { cert: await read(name), key: await read(key) };
  }));
  return { authorities: own, clients };
}

let roots: readonly string[] | undefined;

/** Node's authorities and the system's (`/etc/ssl/certs`, SSL_CERT_FILE, SSL_CERT_DIR): what curl and dockerd trust here, this trusts. Read once. */
export function trustedRoots(): readonly string[] {
  roots ??= [...new Set([...getCACertificates('bundled'), ...getCACertificates('system')])];
  return roots;
}
