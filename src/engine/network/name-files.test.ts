import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostResolvConfPath, hostsFile, resolvConf } from './name-files.ts';

test('hosts', () => {
  const text = hostsFile({ hostname: 'abc', domainname: 'lan', addresses: ['172.17.0.2'], extraHosts: ['db:10.0.0.5', 'six:[2001:db8::1]', 'host.docker.internal:host-gateway'], gateway: '172.17.0.1', linked: [] });
  assert.match(text, /^127\.0\.0\.1\tlocalhost\n/);
  assert.match(text, /\n10\.0\.0\.5\tdb\n2001:db8::1\tsix\n172\.17\.0\.1\thost\.docker\.internal\n172\.17\.0\.2\tabc\.lan\tabc\n$/);
});

test('resolv.conf keeps what works', () => {
  const plain = { dns: [], search: [], options: [], dropLoopback: true };
  assert.equal(resolvConf({ ...plain, host: '# c\nnameserver 127.0.0.53\nnameserver 10.0.0.1 # x\nsearch a b\noptions ndots:2\n' }), 'nameserver 10.0.0.1\nsearch a b\noptions ndots:2\n');
  assert.equal(resolvConf({ ...plain, host: 'nameserver 127.0.0.1\n' }), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  assert.equal(resolvConf({ ...plain, dropLoopback: false, host: 'nameserver 127.0.0.1\n' }), 'nameserver 127.0.0.1\n');
  assert.equal(resolvConf({ dns: ['1.1.1.1'], search: ['x'], options: ['rotate'], dropLoopback: true, host: 'nameserver 9.9.9.9\nsearch y' }), 'nameserver 1.1.1.1\nsearch x\noptions rotate\n');
  assert.equal(hostResolvConfPath('nameserver 127.0.0.53\n'), '/run/systemd/resolve/resolv.conf');
  assert.equal(hostResolvConfPath('nameserver 127.0.0.53\nnameserver 10.0.0.1\n'), '/etc/resolv.conf');
});
