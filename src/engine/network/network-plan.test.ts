import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../api/errors.ts';
import { chooseGateway } from './gateway-choice.ts';
import { type CreateNetworkRequest, planNetwork, type Surroundings } from './network-plan.ts';
import type { NetworkRecord } from './network-record.ts';
import { parseCidr } from './cidr.ts';

const ID = 'f'.repeat(64);
const around: Surroundings = { networks: [], routes: [], addressPools: undefined, mtu: 1500, hasInterface: (name) => name === 'eth0' };
const request: CreateNetworkRequest = {
  name: 'x', driver: 'bridge', internal: false, attachable: false, labels: {}, options: {}, enableIpv4: true, enableIpv6: false, ipam: { driver: '', options: null, pools: [] },
};
const plan = (changed: Partial<CreateNetworkRequest>, place: Partial<Surroundings> = {}): { network: NetworkRecord; warning: string } => planNetwork(ID, { ...request, ...changed }, { ...around, ...place });
const pools = (...list: CreateNetworkRequest['ipam']['pools']): Partial<CreateNetworkRequest> => ({ ipam: { driver: '', options: null, pools: list } });
const refusal = (work: () => unknown): [number, string] => {
  try {
    work();
  } catch (error) {
    if (error instanceof StrataError) return [error.status, error.message];
    throw error;
  }
  return [0, ''];
};

test('what is left open is chosen', () => {
  assert.deepEqual(plan({}).network.pools, [{ subnet: '172.17.0.0/16', gateway: '172.17.0.1', chosen: true }]);
  assert.deepEqual(plan({}).network.bridge, { interfaceName: `br-${'f'.repeat(12)}`, mtu: 1500 });
  assert.match(plan({ enableIpv4: false, enableIpv6: true }).network.pools.map(({ subnet }) => subnet).join(' '), /^fd[^ ]*\/64$/);
  assert.deepEqual(plan(pools({ subnet: '10.0.0.0/16', range: '10.0.5.0/24' })).network.pools, [{ subnet: '10.0.0.0/16', range: '10.0.5.0/24', gateway: '10.0.5.0' }]);
  assert.deepEqual(plan({}, { addressPools: [{ base: '10.0.0.0/8', size: 24 }], networks: [plan(pools({ subnet: '10.0.0.0/24' })).network].map((network) => ({ ...network, name: 'y', bridge: { interfaceName: 'b', mtu: 1 } })) }).network.pools[0]?.subnet, '10.0.1.0/24');
});

test('a subnet that the machine has a route to is taken with a warning that names the clash and a free one', () => {
  const route = { ...parseCidr('10.0.0.0/8'), interfaceName: 'tun0' };
  assert.match(plan(pools({ subnet: '10.9.0.0/16' }), { routes: [route] }).warning, /10\.9\.0\.0\/16.*through tun0.*a free one is 172\.17\.0\.0\/16$/);
  assert.equal(plan(pools({ subnet: '10.9.0.0/16' })).warning, '');
});

test('refusals, in dockerd\'s words', () => {
  const several = refusal(() => plan(pools({ subnet: 'bad' }, { subnet: '10.0.0.1/24', gateway: 'fd00::1', range: '10.0.0.0/8', auxiliary: { a: 'x' } })));
  assert.deepEqual(several, [400, [
    'invalid network config:', 'invalid subnet bad: invalid CIDR block notation', 'invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24', 'invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.0.0.1/24',
    'invalid gateway fd00::1: parent subnet is an IPv4 block', 'invalid auxiliary address a: invalid address',
  ].join('\n')]);
  assert.deepEqual(refusal(() => plan(pools({ subnet: '10.0.0.0/24' }, { subnet: '10.0.1.0/24' }))), [403, "bridge driver doesn't support multiple subnets"]);
  assert.deepEqual(refusal(() => plan(pools({ subnet: '10.0.0.0/24', gateway: '10.0.0.9', auxiliary: { a: '10.0.0.9' } }))), [403, 'failed to allocate secondary ip address (a:10.0.0.9): Address already in use']);
  assert.deepEqual(refusal(() => plan({ enableIpv4: false })), [400, 'IPv4 or IPv6 must be enabled']);
  assert.deepEqual(refusal(() => plan({ driver: 'nope' })), [404, 'plugin "nope" not found']);
  assert.deepEqual(refusal(() => plan({ driver: 'host' })), [403, 'only one instance of "host" network is allowed']);
  assert.deepEqual(refusal(() => plan({ name: 'none' })), [403, 'operation is not permitted on predefined none network ']);
  assert.deepEqual(refusal(() => plan({ options: { 'com.docker.network.driver.mtu': '-3' } })), [400, 'invalid MTU number: -3']);
  assert.deepEqual(refusal(() => plan({ options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'x' } })), [400, "unknown gateway mode 'x' in 'com.docker.network.bridge.gateway_mode_ipv4'"]);
  assert.deepEqual(refusal(() => plan({ driver: 'macvlan', options: { parent: 'eth0.5000' } })), [400, 'vlan id must be between 1-4094, received: 5000']);
  assert.deepEqual(refusal(() => plan({ driver: 'macvlan', options: { parent: 'eth9' } })), [400, 'invalid subinterface vlan name eth9, example formatting is eth0.10']);
  assert.deepEqual(refusal(() => plan({ driver: 'ipvlan', options: { parent: 'eth0', ipvlan_mode: 'zz' } })), [400, "requested ipvlan mode 'zz' is not valid, 'l2' mode is the ipvlan driver default"]);
  assert.equal(plan({ ...pools({ subnet: '10.0.0.0/24' }, { subnet: '10.0.1.0/24' }), driver: 'ipvlan', options: { parent: 'eth0.7', ipvlan_mode: 'l3' } }).network.pools.length, 2);
});

test('which network leads out', () => {
  const candidate = (name: string, changed: Partial<NetworkRecord> = {}, gatewayPriority = 0): { network: NetworkRecord; endpoint: { gatewayPriority: number } } => ({ network: { ...plan({}).network, name, ...changed }, endpoint: { gatewayPriority } });
  const chosen = (...list: Parameters<typeof chooseGateway>[0]): string | undefined => chooseGateway(list, 4)?.network.name;
  assert.equal(chosen(candidate('b'), candidate('a')), 'a');
  assert.equal(chosen(candidate('b', {}, 1), candidate('a')), 'b');
  assert.equal(chosen(candidate('b'), candidate('a', { internal: true })), 'b');
  assert.equal(chosen(candidate('b', { pools: [] })), undefined);
  assert.equal(chooseGateway([candidate('a')], 6), undefined);
});
