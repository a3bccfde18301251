import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addNetwork, addPorts, deletePorts, wholeTable } from './nft-rules.ts';

const port = { protocol: 'tcp' as const, hostAddress: '0.0.0.0', hostPort: 8080, containerPort: 80, containerAddress: '172.17.0.2' };

test('a published port is one element', () => {
  assert.equal(addPorts('s', [port]), 'add element ip s published { tcp . 8080 : 172.17.0.2 . 80 }');
  assert.equal(addPorts('s', [{ ...port, hostAddress: '127.0.0.1' }]), 'add element ip s published_at { 127.0.0.1 . tcp . 8080 : 172.17.0.2 . 80 }');
  assert.equal(deletePorts('s', [port]), 'delete element ip s published { tcp . 8080 }');
});

test('an internal network is in no set that leads out', () => {
  const text = addNetwork('s', { interfaceName: 'br0', subnet: '10.0.0.0/24', internal: true });
  assert.match(text, /internal \{ "br0" \}/);
  assert.doesNotMatch(text, /subnets/);
});

test('the whole table replaces itself', () => {
  const text = wholeTable('s', [{ interfaceName: 'br0', subnet: '10.0.0.0/24', internal: false }], [port]);
  assert.ok(text.startsWith('table ip s {}\ndelete table ip s\ntable ip s {'));
  assert.match(text, /add element ip s subnets \{ 10\.0\.0\.0\/24 \}/);
  assert.match(text, /published \{ tcp \. 8080/);
});
