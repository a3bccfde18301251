import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { parsePort, wantedPorts } from './port-specs.ts';

test('ports', () => {
  assert.deepEqual(parsePort('80'), { port: 80, protocol: 'tcp' });
  assert.deepEqual(parsePort('53/udp'), { port: 53, protocol: 'udp' });
  for (const bad of ['', '0', '65536', '80/x', 'a', '80-81']) assert.throws(() => parsePort(bad), InvalidArgumentError);
});

test('bindings and -P', () => {
  const wanted = wantedPorts({
    PublishAllPorts: true, PortBindings: { '80/tcp': [{ HostPort: '8080' }, { HostIp: '::1', HostPort: '1' }], '81/tcp': [{ HostIp: '127.0.0.1', HostPort: '9000-9010' }], '82/tcp': null },
  }, ['80/tcp', '99/udp']);
  const everywhere = ['0.0.0.0', '::'];
  assert.deepEqual(wanted, [
    { protocol: 'tcp', containerPort: 80, hostAddresses: everywhere, hostRange: { first: 8080, last: 8080 } },
    { protocol: 'tcp', containerPort: 80, hostAddresses: ['::1'], hostRange: { first: 1, last: 1 } },
    { protocol: 'tcp', containerPort: 81, hostAddresses: ['127.0.0.1'], hostRange: { first: 9000, last: 9010 } },
    { protocol: 'udp', containerPort: 99, hostAddresses: everywhere, hostRange: undefined },
    { protocol: 'tcp', containerPort: 82, hostAddresses: everywhere, hostRange: undefined },
  ]);
  assert.deepEqual(wantedPorts({ PortBindings: { '80/tcp': [], '81/tcp': null } }, ['80/tcp']), []);
  assert.deepEqual(wantedPorts({ PortBindings: { '80/tcp': [{ HostIp: '[::]' }] } }, []).map(({ hostAddresses }) => hostAddresses), [['::']]);
  assert.throws(() => wantedPorts({ PortBindings: { '80/tcp': [{ HostPort: '70000' }] } }, []), InvalidArgumentError);
  assert.throws(() => wantedPorts({ PortBindings: { '80/tcp': [{ HostIp: 'x' }] } }, []), InvalidArgumentError);
});
