import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, InvalidArgumentError, UnavailableError } from '../../api/errors.ts';
import { contains, formatCidr, formatIpv4, overlaps, parseCidr, parseIpv4 } from './cidr.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { IpPool } from './ip-pool.ts';

test('IPv4 arithmetic', () => {
  const cidr = parseCidr('172.17.0.1/16');
  assert.equal(formatIpv4(cidr.address), '172.17.0.1');
  assert.equal(formatCidr(cidr.network, cidr.prefix), '172.17.0.0/16');
  assert.equal(formatIpv4(cidr.broadcast), '172.17.255.255');
  assert.equal(parseCidr('255.255.255.255/32').network, 0xffffffff);
  assert.equal(parseCidr('1.2.3.4/0').broadcast, 0xffffffff);
  assert.ok(contains(cidr, parseIpv4('172.17.9.9')) && !contains(cidr, parseIpv4('172.18.0.0')));
  assert.ok(overlaps(cidr, parseCidr('172.17.5.0/24')) && overlaps(parseCidr('0.0.0.0/0'), cidr) && !overlaps(cidr, parseCidr('172.16.0.0/16')));
  for (const bad of ['', '1.2.3', '1.2.3.256/8', '1.2.3.4/33', '1.2.3.4', '1.2.3.4/8/9', 'a.b.c.d/8', '1.2.3.4/-1']) assert.throws(() => parseCidr(bad), InvalidArgumentError);
});

test('addresses are given in turn and come round', () => {
  const pool = new IpPool(parseCidr('10.0.0.0/29'), [parseIpv4('10.0.0.1')]);
  const first = [0, 0, 0].map(() => formatIpv4(pool.allocate()));
  assert.deepEqual(first, ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
  pool.release(parseIpv4('10.0.0.2'));
  assert.deepEqual([0, 0, 0].map(() => formatIpv4(pool.allocate())), ['10.0.0.5', '10.0.0.6', '10.0.0.2']);
  assert.throws(() => pool.allocate(), UnavailableError);
});

test('wanted addresses', () => {
  const pool = new IpPool(parseCidr('10.0.0.0/24'), [parseIpv4('10.0.0.1')]);
  assert.equal(pool.allocate(parseIpv4('10.0.0.77')), parseIpv4('10.0.0.77'));
  assert.throws(() => pool.allocate(parseIpv4('10.0.0.77')), ConflictError);
  assert.throws(() => pool.allocate(parseIpv4('10.0.0.1')), ConflictError);
  assert.throws(() => pool.allocate(parseIpv4('10.0.1.1')), InvalidArgumentError);
});

test('a free subnet', () => {
  assert.equal(chooseSubnet([]), '172.17.0.1/16');
  assert.equal(chooseSubnet([parseCidr('172.17.3.0/24'), parseCidr('172.18.0.0/16')]), '172.19.0.1/16');
  assert.equal(chooseSubnet([parseCidr('172.16.0.0/12')]), '192.168.0.1/20');
  assert.throws(() => chooseSubnet([parseCidr('0.0.0.0/0')]), UnavailableError);
});
