import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InternalError, InvalidArgumentError, NotFoundError, PermissionDeniedError } from '../../api/errors.ts';
import { contains, formatIp, formatNetwork, ipBytes, overlaps, parseCidr, parseIp } from './cidr.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { parseIpv6Routes, parseRoutes } from './host-routes.ts';
import { IpPool } from './ip-pool.ts';

const allocate = (pool: IpPool, wanted?: string): string => formatIp({ family: pool.subnet.family, value: pool.allocate(wanted === undefined ? undefined : parseIp(wanted)) });
const value = (text: string): bigint => parseIp(text).value;

test('arithmetic of IPv4', () => {
  const cidr = parseCidr('172.17.0.1/16');
  assert.equal(formatIp({ family: 4, value: cidr.address }), '172.17.0.1');
  assert.equal(formatNetwork(cidr), '172.17.0.0/16');
  assert.equal(formatIp({ family: 4, value: cidr.broadcast }), '172.17.255.255');
  assert.equal(parseCidr('255.255.255.255/32').network, 0xffffffffn);
  assert.equal(parseCidr('1.2.3.4/0').broadcast, 0xffffffffn);
  assert.ok(contains(cidr, parseIp('172.17.9.9')) && !contains(cidr, parseIp('172.18.0.0')));
  assert.ok(overlaps(cidr, parseCidr('172.17.5.0/24')) && overlaps(parseCidr('0.0.0.0/0'), cidr) && !overlaps(cidr, parseCidr('172.16.0.0/16')));
  for (const bad of ['', '1.2.3', '1.2.3.256/8', '1.2.3.4/33', '1.2.3.4', '1.2.3.4/8/9', 'a.b.c.d/8', '1.2.3.4/-1', 'fd00::/129', 'fe80::1%eth0/64']) assert.throws(() => parseCidr(bad), InvalidArgumentError);
});

test('arithmetic of IPv6, in canonical text', () => {
  for (const [text, canonical] of [['::1', '::1'], ['::', '::'], ['FD00:0:0:0::', 'fd00::'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'], ['::ffff:1.2.3.4', '::ffff:102:304']] as const) {
    assert.equal(formatIp(parseIp(text)), canonical);
  }
  const cidr = parseCidr('fd00:1::5/64');
  assert.equal(formatNetwork(cidr), 'fd00:1::/64');
  assert.ok(contains(cidr, parseIp('fd00:1::ffff')) && !contains(cidr, parseIp('fd00:2::1')) && !contains(parseCidr('::/0'), parseIp('1.2.3.4')));
  assert.ok(!overlaps(parseCidr('::/0'), parseCidr('0.0.0.0/0')));
  assert.equal(ipBytes(parseIp('::1')).toString('hex'), `${'0'.repeat(31)}1`);
});

test('addresses are given in turn and come round', () => {
  const pool = new IpPool(parseCidr('10.0.0.0/29'), [value('10.0.0.1')]);
  assert.deepEqual([0, 0, 0].map(() => allocate(pool)), ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
  pool.release(value('10.0.0.2'));
  assert.deepEqual([0, 0, 0].map(() => allocate(pool)), ['10.0.0.5', '10.0.0.6', '10.0.0.2']);
  assert.throws(() => allocate(pool), InternalError);
  const huge = new IpPool(parseCidr('fd00::/64'), [value('fd00::1')]);
  assert.deepEqual([0, 0].map(() => allocate(huge)), ['fd00::2', 'fd00::3']);
});

test('a part of the subnet; reserved addresses stay so', () => {
  const pool = new IpPool(parseCidr('10.0.0.0/16'), [value('10.0.5.0'), value('10.0.5.1')], parseCidr('10.0.5.0/30'));
  assert.deepEqual([0, 0].map(() => allocate(pool)), ['10.0.5.2', '10.0.5.3']);
  pool.release(value('10.0.5.1'));
  assert.throws(() => allocate(pool), InternalError);
  assert.equal(allocate(pool, '10.0.9.9'), '10.0.9.9');
});

test('wanted addresses', () => {
  const pool = new IpPool(parseCidr('10.0.0.0/24'), [value('10.0.0.1')]);
  assert.equal(allocate(pool, '10.0.0.77'), '10.0.0.77');
  assert.throws(() => allocate(pool, '10.0.0.77'), PermissionDeniedError);
  assert.throws(() => allocate(pool, '10.0.0.1'), PermissionDeniedError);
  assert.throws(() => allocate(pool, '10.0.1.1'), InvalidArgumentError);
});

test('a free subnet', () => {
  assert.equal(chooseSubnet([]), '172.17.0.0/16');
  assert.equal(chooseSubnet([parseCidr('172.17.3.0/24'), parseCidr('172.18.0.0/16')]), '172.19.0.0/16');
  assert.equal(chooseSubnet([parseCidr('172.16.0.0/12')]), '192.168.0.0/20');
  assert.throws(() => chooseSubnet([parseCidr('0.0.0.0/0')]), NotFoundError);
  assert.match(chooseSubnet([]), /^\d/);
  assert.match(chooseSubnet([], 6), /^fd[0-9a-f]{2}:.*\/64$/);
  const pools = [{ base: '10.0.0.0/8', size: 24 }, { base: 'fd00:5::/48', size: 64 }];
  assert.equal(chooseSubnet([parseCidr('10.0.0.0/9')], 4, pools), '10.128.0.0/24');
  assert.equal(chooseSubnet([parseCidr('fd00:5::/64')], 6, pools), 'fd00:5:0:1::/64');
});

test('routes of the machine', () => {
  const text = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\ntun0\t0000110A\t0\t1\t0\t0\t0\t0000FFFF\n';
  assert.deepEqual(parseRoutes(text).map((route) => [formatNetwork(route), route.interfaceName]), [['10.17.0.0/16', 'tun0']]);
  const six = [
    'fd000001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     tun0',
    'fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0',
    '00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo',
  ].join('\n');
  assert.deepEqual(parseIpv6Routes(six).map((route) => [formatNetwork(route), route.interfaceName]), [['fd00:1::/64', 'tun0']]);
});
