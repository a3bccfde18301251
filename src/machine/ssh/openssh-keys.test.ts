import assert from 'node:assert/strict';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { generateSshKeyPair, publicKeyBlob } from './openssh-keys.ts';

test('a new pair is read by another implementation, and signs', () => {
  for (let round = 0; round < 20; round += 1) {
    const pair = generateSshKeyPair('strata-default');
    const parsed = ssh2.utils.parseKey(pair.privateKey);
    assert.ok(!(parsed instanceof Error));
    assert.equal(parsed.type, 'ssh-ed25519');
    assert.equal(parsed.comment, 'strata-default');
    assert.deepEqual(parsed.getPublicSSH(), publicKeyBlob(pair.publicKey));
    const signature = parsed.sign('text');
    assert.ok(!(signature instanceof Error));
    const publicKey = ssh2.utils.parseKey(pair.publicKey);
    assert.ok(!(publicKey instanceof Error) && publicKey.verify('text', signature));
  }
});
