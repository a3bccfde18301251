import { messageOf } from '../../api/errors.ts';
import { RegistryUnreachableError } from './registry-error.ts';

/** Codes of Node and OpenSSL for a certificate that does not hold. Source: Node docs, "X509 certificate error codes". */
const CERTIFICATE = /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|CA_)/;

/** What has gone wrong on the way to a registry, in words that say what to do. Idempotent. */
export function connectionError(error: unknown, url: URL): Error {
  if (error instanceof RegistryUnreachableError) return error;
  const code = codeOf(error);
  const fail = (why: string, passing: boolean): RegistryUnreachableError => new RegistryUnreachableError(`cannot reach registry ${url.host}: ${why}`, { passing, cause: error });
  if (CERTIFICATE.test(code)) {
    return fail(`tls: failed to verify certificate: ${messageOf(error)}; put its authority into /etc/docker/certs.d/${url.host}/ca.crt or name the host in insecure-registries`, false);
  }
  if (code === 'EPROTO' && /wrong version number|packet length too long/i.test(messageOf(error))) {
    return fail('http: server gave HTTP response to HTTPS client; name the host in insecure-registries to allow HTTP', false);
  }
  if (code === 'ENOTFOUND') return fail(`lookup ${url.hostname}: no such host`, false);
  if (code === 'ECONNREFUSED') return fail('connection refused', true);
  if (code.startsWith('ERR_INVALID') || code.startsWith('ERR_UNESCAPED') || code.startsWith('ERR_SSL')) return fail(messageOf(error), false);
  return fail(messageOf(error), true);
}

/** True for failures before a request was understood: another scheme or another address may work. */
export function isConnectFailure(error: unknown): boolean {
  return error instanceof RegistryUnreachableError;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // With several addresses Node collects one error per address.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : '';
}
