import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../../api/errors.ts';
import { decodeObject, type FieldTable } from './decode.ts';
import { decodeCreateRequest } from './routes/container-request.ts';

const table: FieldTable = { Name: 'string', Flag: 'boolean', Count: 'integer', Args: 'command', Labels: 'string-map', Ports: 'set', Inner: { object: { A: 'string' } }, Many: { list: { B: 'integer' } }, Bound: { map: 'lists', of: { P: 'string' } } };

test('keeps what is known and drops the rest', () => {
  const decoded = decodeObject(JSON.parse('{"name":"x","Flag":true,"Count":3,"Args":"sh","Labels":{"a":"b"},"Ports":{"80":5},"Inner":{"A":"q","Z":1},"Many":[{"B":1}],"Bound":{"80":[{"P":"1"}],"81":null},"Other":1,"__proto__":{"x":1}}'), table);
  assert.deepEqual(decoded, { Name: 'x', Flag: true, Count: 3, Args: ['sh'], Labels: { a: 'b' }, Ports: { 80: {} }, Inner: { A: 'q' }, Many: [{ B: 1 }], Bound: { 80: [{ P: '1' }], 81: null } });
  assert.deepEqual(decodeObject({ Name: null }, table), {});
  assert.deepEqual(decodeObject(undefined, table), {});
});

test('wrong types are named', () => {
  for (const bad of [{ Name: 1 }, { Flag: 'yes' }, { Count: 1.5 }, { Count: 1e300 }, { Args: [1] }, { Labels: { a: 1 } }, { Ports: [] }, { Inner: 'x' }, { Many: {} }, { Many: [1] }, { Bound: { 80: {} } }]) {
    const field = Object.keys(bad)[0] ?? '';
    assert.throws(() => decodeObject(bad, table), (error) => error instanceof InvalidArgumentError && error.message.includes(field), field);
  }
  assert.throws(() => decodeObject([], table), InvalidArgumentError);
  assert.throws(() => decodeObject('x', table), InvalidArgumentError);
});

test('a create request', () => {
  const request = decodeCreateRequest({ Image: 'x', Cmd: 'ls', HostConfig: { Binds: ['/a:/b'], PortBindings: { '80/tcp': [{ HostPort: '1' }] } }, NetworkingConfig: { EndpointsConfig: { n: { Aliases: ['a'], IPAMConfig: { IPv4Address: '10.0.0.9' } }, m: null } } });
  assert.deepEqual(request.config, { Image: 'x', Cmd: ['ls'] });
  assert.deepEqual(request.networks, { n: { aliases: ['a'], address: '10.0.0.9' }, m: { aliases: [] } });
  assert.throws(() => decodeCreateRequest({ HostConfig: { Memory: '1g' } }), /HostConfig: Memory must be a whole number/);
  assert.throws(() => decodeCreateRequest(undefined), InvalidArgumentError);
});
