import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileFor } from './app-protocol.ts';
import { mayOpenOutside } from './outside-links.ts';

test('addresses of ours name files below the root', () => {
  assert.equal(fileFor('/app/ui', 'app://strata/'), '/app/ui/index.html');
  assert.equal(fileFor('/app/ui', 'app://strata/assets/a.js?v=1#x'), '/app/ui/assets/a.js');
});

test('no address leads out of the root', () => {
  for (const path of ['../secret', '..%2fsecret', '%2e%2e/secret', 'a/../../secret', '%00', '..%5c..%5csecret%00']) {
    const file = fileFor('/app/ui', `app://strata/${path}`);
    assert.ok(file === undefined || file.startsWith('/app/ui/'), `${path} -> ${String(file)}`);
  }
  for (const url of ['app://strata.evil/', 'app://other/', 'file:///app/ui/index.html', 'https://strata/', 'app://strata']) assert.equal(fileFor('/app/ui', url), undefined, url);
});

test('only plain web addresses open outside', () => {
  assert.deepEqual(['http://localhost:8080/', 'https://example.com/a?b'].map(mayOpenOutside), [true, true]);
  assert.deepEqual(['file:///etc/passwd', 'javascript:alert(1)', 'smb://host/share', 'http://user:pw@host/', 'not an address', ''].map(mayOpenOutside), [false, false, false, false, false, false]);
});
