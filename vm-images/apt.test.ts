import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseSources } from './apt-sources.ts';
import { parseUris } from './apt.ts';

test('packages are read from what apt prints, with epochs, signs and missing hashes', () => {
  const text = [
    'Reading package lists...',
    "'http://mirror/pool/main/b/busybox_1.35.0-4%2bb1_amd64.deb' busybox-static_1%3a1.35.0-4+b1_amd64.deb 928188 MD5Sum:f6f1b0b4181aead8e1a5b1258f63f501",
    "'http://mirror/pool/x_1_all.deb' a-first_20250419~deb12u2_all.deb 205796 ",
    'Need to get 5826 kB of archives.',
  ].join('\n');
  assert.deepEqual(parseUris(text), [{ name: 'a-first', version: '20250419~deb12u2' }, { name: 'busybox-static', version: '1:1.35.0-4+b1' }]);
});

const DEBIAN = '# a comment\nTypes: deb\n# another\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates sid\nComponents: main contrib\nSigned-By: /usr/share/keyrings/debian.gpg\n';

test('only the sources of the release stay', () => {
  const others = { name: 'x.sources', text: 'Types: deb\nURIs: http://other/\nSuites: nodistro\nComponents: main\n\nEnabled: no\nTypes: deb\nURIs: http://off/\nSuites: bookworm\nComponents: main\n' };
  assert.equal(releaseSources([{ name: 'debian.sources', text: DEBIAN }, others], 'bookworm'),
    'Types: deb\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian.gpg\n');
});

test('one-line sources are read too, and keys in several lines are kept', () => {
  const list = { name: 'sources.list', text: '# deb http://no/ bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://m/ bookworm-security main contrib # why\ndeb-src http://m/ bookworm main\n' };
  assert.equal(releaseSources([list], 'bookworm'), 'Types: deb\nURIs: http://m/\nSuites: bookworm-security\nComponents: main\nSigned-By: /k.gpg\n');
  const key = { name: 'k.sources', text: 'Types: deb\nURIs: http://m/\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n -----END\n' };
  assert.match(releaseSources([key], 'bookworm'), /Signed-By:\n -----BEGIN\n \.\n -----END\n/);
});
