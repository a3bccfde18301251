import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';

export interface OpenSshKeyPair {
  /** Unencrypted `openssh-key-v1` file. */
  privateKey: string;
  /** One line for `authorized_keys` or `known_hosts`: `ssh-ed25519 AAAA… comment`. */
  publicKey: string;
}

/**
 * A new ed25519 pair in OpenSSH's formats.
 * Source: PROTOCOL.key of OpenSSH (private file), RFC 8709 (public key blob).
 */
export function generateSshKeyPair(comment: string): OpenSshKeyPair {
  const jwk = createPrivateKey(generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey).export({ format: 'jwk' });
  const publicBytes = Buffer.from(jwk.x ?? '', 'base64url');
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const blob = Buffer.concat([sshString('ssh-ed25519'), sshString(publicBytes)]);
  // The same number twice shows a reader that decryption worked; here nothing is encrypted.
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, blob, sshString(Buffer.concat([seed, publicBytes])), sshString(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'), sshString('none'), sshString('none'), sshString(''), uint32(1), sshString(blob), sshString(Buffer.concat([body, padding])),
  ]);
  const lines = file.toString('base64').replace(/.{70}/g, '$&\n').trimEnd();
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `ssh-ed25519 ${blob.toString('base64')} ${comment}`,
  };
}

/** The key's bytes as they go over the wire, from its one-line form. Undefined when the line is not one. */
export function publicKeyBlob(line: string): Buffer | undefined {
  const encoded = line.trim().split(/\s+/)[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}

function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
