import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reversedAddress } from './local-answer.ts';
import { type NamedEndpoint, NameTable } from './name-table.ts';

const on = (network: string, names: readonly string[], addresses: readonly string[], links: NamedEndpoint['links'] = []): NamedEndpoint => ({ networkId: `id-${network}`, networkName: network, names, addresses, links });

test('names, seen from each container', () => {
  const table = new NameTable();
  table.put('1', [on('back', ['Web', 'www'], ['10.0.0.2', '2001:db8::2']), on('b.c', ['Web'], ['10.1.0.2'])]);
  table.put('2', [on('back', ['db', 'www'], ['10.0.0.3'])]);
  table.put('3', [on('other', ['db'], ['10.2.0.2'])]);
  assert.deepEqual(table.resolve('2', 'web', 4), ['10.0.0.2']);
  assert.deepEqual(table.resolve('2', 'web', 6), ['2001:db8::2']);
  assert.deepEqual(table.resolve('2', 'db', 6), [], 'there, without such an address');
  assert.deepEqual(table.resolve('2', 'www', 4), ['10.0.0.2', '10.0.0.3']);
  assert.deepEqual(table.resolve('2', 'www.back', 4), ['10.0.0.2', '10.0.0.3']);
  assert.deepEqual(table.resolve('1', 'web', 4), ['10.0.0.2'], 'the first network that knows it');
  assert.deepEqual(table.resolve('1', 'web.b.c', 4), ['10.1.0.2']);
  assert.deepEqual([table.resolve('3', 'web', 4), table.resolve('2', 'web.other', 4), table.resolve('nobody', 'web', 4), table.resolve('2', '', 4)], [undefined, undefined, undefined, undefined]);
  assert.deepEqual([table.reverse('2', '10.0.0.2'), table.reverse('2', '10.2.0.2')], ['Web.back', undefined]);
  table.put('1', [on('back', ['Web2'], ['10.0.0.2'])]);
  assert.deepEqual([table.resolve('2', 'web', 4), table.resolve('2', 'web2', 4), table.resolve('2', 'www', 4), table.reverse('2', '10.0.0.2')], [undefined, ['10.0.0.2'], ['10.0.0.3'], 'Web2.back']);
  table.delete('1');
  table.delete('1');
  assert.deepEqual([table.resolve('2', 'web2', 4), table.reverse('2', '10.0.0.2')], [undefined, undefined]);
});

test('links are a container\'s own', () => {
  const table = new NameTable();
  table.put('1', [on('back', ['web'], ['10.0.0.2'])]);
  table.put('2', [on('back', ['db'], ['10.0.0.3'], [{ alias: 'Friend', name: 'Web' }, { alias: 'web', name: 'gone' }])]);
  assert.deepEqual([table.resolve('2', 'friend', 4), table.resolve('2', 'friend.back', 4)], [['10.0.0.2'], ['10.0.0.2']]);
  assert.equal(table.resolve('1', 'friend', 4), undefined);
  assert.equal(table.resolve('2', 'web', 4), undefined, 'a link hides the name of another');
});

test('addresses in reverse', () => {
  assert.equal(reversedAddress('2.0.0.10.in-addr.arpa'), '10.0.0.2');
  assert.equal(reversedAddress('2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'), '2001:db8::2');
  for (const name of ['0.0.10.in-addr.arpa', 'x.0.0.10.in-addr.arpa', 'ip6.arpa', '10.0.0.2']) assert.equal(reversedAddress(name), undefined);
});
