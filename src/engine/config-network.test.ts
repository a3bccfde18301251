import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../api/errors.ts';
import { parseNetworkConfig } from './config-network.ts';

const parse = (values: Record<string, unknown>, bip?: string): ReturnType<typeof parseNetworkConfig> => parseNetworkConfig(new Map(Object.entries(values)), bip);

test('nothing said: as dockerd', () => {
  assert.deepEqual(parse({}), {
    bridge: undefined, fixedCidr: undefined, fixedCidr6: undefined, defaultGateway: undefined, defaultGateway6: undefined, ipv6: false, hostBinding: '0.0.0.0', interContainer: true,
    masquerade: true, forward: true, firewall: true, relay: true, addressPools: undefined,
  });
});

test('what is said', () => {
  const config = parse({
    'fixed-cidr': '10.9.1.0/24', 'fixed-cidr-v6': 'fd00:9::/64', ipv6: true, ip: '127.0.0.1', icc: false, 'ip-masq': false, 'ip-forward': false, iptables: false, 'userland-proxy': false,
    'default-gateway': '10.9.0.254', 'default-gateway-v6': 'fd00:9::fe', 'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }, 'base=fd00:5::/48,size=64'],
  }, '10.9.0.1/16');
  assert.deepEqual(config, {
    bridge: undefined, fixedCidr: '10.9.1.0/24', fixedCidr6: 'fd00:9::/64', defaultGateway: '10.9.0.254', defaultGateway6: 'fd00:9::fe', ipv6: true, hostBinding: '127.0.0.1',
    interContainer: false, masquerade: false, forward: false, firewall: false, relay: false, addressPools: [{ base: '10.0.0.0/8', size: 24 }, { base: 'fd00:5::/48', size: 64 }],
  });
});

test('what cannot be names its key', () => {
  for (const [key, value, bip] of [
    ['fixed-cidr', 'x', undefined], ['fixed-cidr', '10.9.0.0/8', '10.9.0.1/16'], ['fixed-cidr', '10.8.0.0/24', '10.9.0.1/16'], ['fixed-cidr-v6', '10.0.0.0/8', undefined], ['fixed-cidr-v6', 'fd00::/64', undefined],
    ['ip', '::1', undefined], ['default-gateway', 'fd00::1', undefined], ['default-gateway', '10.8.0.1', '10.9.0.1/16'], ['bridge', 'none', undefined], ['bridge', '../x', undefined],
    ['default-address-pools', [{ base: 'x', size: 24 }], undefined], ['default-address-pools', [{ base: '10.0.0.0/16', size: 8 }], undefined], ['default-address-pools', [{ base: '10.0.0.0/16' }], undefined],
  ] as const) {
    assert.throws(() => parse({ [key]: value }, bip), (error) => error instanceof InvalidArgumentError && error.message.includes(key), `${key} ${JSON.stringify(value)}`);
  }
});
