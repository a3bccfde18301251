import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementChange, elementCommands } from './firewall-sets.ts';
import { networkElements, portElement, wholeTable } from './nft-rules.ts';

const port = { protocol: 'tcp' as const, hostAddress: '0.0.0.0', hostPort: 8080, containerPort: 80, containerAddress: '172.17.0.2', routed: false };
const network = { interfaceName: 'br0', subnets: [{ subnet: '10.0.0.0/24', masquerade: true, open: false }], internal: false, interContainer: true };

test('a published port is one element', () => {
  const text = (changed: object): string[] => elementCommands('s', [portElement({ ...port, ...changed })]);
  assert.deepEqual(text({}), ['add element inet s published4 { tcp . 8080 : 172.17.0.2 . 80 }']);
  assert.deepEqual(text({ hostAddress: '127.0.0.1' }), ['add element inet s published_at4 { 127.0.0.1 . tcp . 8080 : 172.17.0.2 . 80 }']);
  assert.deepEqual(text({ hostAddress: '::', containerAddress: 'fd00::2' }), ['add element inet s published6 { tcp . 8080 : fd00::2 . 80 }']);
  assert.deepEqual(text({ routed: true }), ['add element inet s routed4 { 172.17.0.2 . tcp . 80 }']);
});

test('the kernel gets the same, in bytes', () => {
  const [element] = elementChange('add', [portElement(port)]).elements;
  assert.equal(element?.key.toString('hex'), '060000001f900000');
  assert.equal(element.data?.toString('hex'), 'ac11000200500000');
  const [range] = elementChange('delete', [{ set: 'reachable4', key: ['br0', '10.0.0.0/24'] }]).elements;
  assert.equal(range?.key.toString('hex'), `${Buffer.from('br0').toString('hex')}${'00'.repeat(13)}0a000000`);
  assert.equal(range.keyEnd?.toString('hex').slice(-8), '0a0000ff');
});

test('an internal network is in no set that leads out; one whose containers must not meet is not within itself', () => {
  const sets = (changed: object): string[] => networkElements({ ...network, ...changed }).map(({ set }) => set);
  assert.deepEqual(sets({}), ['bridges', 'within', 'subnets4', 'reachable4']);
  assert.deepEqual(sets({ internal: true }), ['bridges', 'within', 'internal']);
  assert.deepEqual(sets({ interContainer: false }), ['bridges', 'subnets4', 'reachable4']);
  assert.deepEqual(sets({ subnets: [{ subnet: 'fd00::/64', masquerade: false, open: true }] }), ['bridges', 'within', 'reachable6', 'open']);
});

test('the whole table replaces itself', () => {
  const text = wholeTable('s', [...networkElements(network), portElement(port)]);
  assert.ok(text.startsWith('table inet s {}\ndelete table inet s\ntable inet s {'));
  assert.match(text, /add element inet s subnets4 \{ 10\.0\.0\.0\/24 \}/);
  assert.match(text, /published4 \{ tcp \. 8080/);
});
