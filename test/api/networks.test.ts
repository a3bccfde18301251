import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSettings } from '../../src/api/wire/container.ts';
import type { IpamConfig } from '../../src/api/wire/network.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

interface Network {
  Id: string;
  Name: string;
  Internal: boolean;
  EnableIPv6: boolean;
  Attachable: boolean;
  Labels: Record<string, string>;
  Options: Record<string, string>;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: IpamConfig[] };
  Containers: Record<string, { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }>;
}

onEveryEndpoint('networks', (endpoint) => {
  const create = async (body: object, name = uniqueName('n')): Promise<{ name: string; id: string } & AsyncDisposable> => {
    const reply = await endpoint().api.post('/networks/create', { Name: name, ...body });
    assert.equal(reply.status, 201, reply.text);
    const id = reply.as<{ Id: string }>().Id;
    return { name, id, [Symbol.asyncDispose]: async () => { await endpoint().api.delete(`/networks/${id}`); } };
  };
  const inspect = async (id: string): Promise<Network> => (await endpoint().api.get(`/networks/${id}`)).as<Network>();
  const within = (network: string, settings: EndpointSettings = {}, more: object = {}): Promise<TestContainer> => endpoint().started({
    Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: network }, NetworkingConfig: { EndpointsConfig: { [network]: settings } }, ...more,
  });
  const place = async (container: TestContainer, network: string): Promise<EndpointSettings> => (await container.inspect()).NetworkSettings.Networks[network] ?? {};
  const sh = async (container: TestContainer, command: string): Promise<string> => (await endpoint().docker.run(['exec', container.id, 'sh', '-c', command])).stdout.trim();
  const reaches = async (container: TestContainer, address: string, ping = 'ping'): Promise<boolean> => (await endpoint().docker.run(['exec', container.id, ping, '-c', '1', '-W', '1', address])).code === 0;

  test('subnet, range, gateway, addresses that are taken, labels, options: given, shown, obeyed', async (context) => {
    if (endpoint().kind === 'dockerd') { context.skip('has not been seen to pass on dockerd yet'); return; }
    const config = { Subnet: '10.201.0.0/16', IPRange: '10.201.5.0/24', Gateway: '10.201.5.254', AuxiliaryAddresses: { printer: '10.201.5.1' } };
    await using network = await create({
      Attachable: true, Labels: { use: 'test' }, Options: { 'com.docker.network.bridge.name': 'br-given', 'com.docker.network.driver.mtu': '1400' }, IPAM: { Driver: 'default', Options: {}, Config: [config] },
    });
    const shown = await inspect(network.id);
    assert.deepEqual(shown.IPAM, { Driver: 'default', Options: {}, Config: [config] });
    assert.deepEqual([shown.Labels, shown.Attachable, shown.Internal, shown.EnableIPv6], [{ use: 'test' }, true, false, false]);
    assert.equal(shown.Options['com.docker.network.bridge.name'], 'br-given');
    await using first = await within(network.name);
    await using second = await within(network.name, { MacAddress: '02:00:00:00:12:34' }, { MacAddress: '02:00:00:00:12:34' });
    await using fixed = await within(network.name, { IPAMConfig: { IPv4Address: '10.201.77.7' } });
    const [one, two, three] = [await place(first, network.name), await place(second, network.name), await place(fixed, network.name)];
    for (const { IPAddress = '' } of [one, two]) assert.match(IPAddress, /^10\.201\.5\.\d+$/);
    assert.ok(![one.IPAddress, two.IPAddress].some((address) => address === '10.201.5.1' || address === '10.201.5.254'));
    assert.deepEqual([three.IPAddress, three.IPPrefixLen, three.Gateway, three.IPAMConfig?.IPv4Address], ['10.201.77.7', 16, '10.201.5.254', '10.201.77.7']);
    assert.equal(two.MacAddress, '02:00:00:00:12:34');
    assert.match(await sh(second, 'cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu'), /^02:00:00:00:12:34\n1400$/);
    assert.match(await sh(fixed, 'ip route'), /default via 10\.201\.5\.254 /);
    const { Containers } = await inspect(network.id);
    assert.deepEqual(Containers[fixed.id], { Name: fixed.name, EndpointID: three.EndpointID, MacAddress: three.MacAddress, IPv4Address: '10.201.77.7/16', IPv6Address: '' });
    await using again = await endpoint().container({ Cmd: ['true'], HostConfig: { NetworkMode: network.name }, NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: '10.201.77.7' } } } } });
    const refused = await endpoint().api.post(again.at('/start'));
    assert.equal(refused.status, 403);
    assert.equal(refused.message, 'Address already in use');
    if (endpoint().network !== undefined) assert.match(await endpoint().network?.run(['ip', '-o', 'link', 'show', 'br-given']) ?? '', /mtu 1400/);
  });

  test('what cannot be is refused', async () => {
    const cases: [object, number[]][] = [
      [{ IPAM: { Config: [{ Subnet: 'bad' }] } }, [400, 500]], [{ IPAM: { Config: [{ Gateway: '10.202.0.1' }] } }, [400, 500]], [{ IPAM: { Config: [{ Subnet: '10.202.0.0/16', Gateway: '10.203.0.1' }] } }, [400, 500]],
      [{ IPAM: { Config: [{ Subnet: '10.202.0.0/16', AuxiliaryAddresses: { a: '11.0.0.1' } }] } }, [400, 403]], [{ IPAM: { Driver: 'nope' } }, [404]], [{ Driver: 'nope' }, [404]],
      [{ Driver: 'host' }, [403]], [{ Driver: 'null' }, [403]], [{ Name: 'bridge' }, [403]], [{ Name: '' }, [400, 500]], [{ Options: { 'com.docker.network.bridge.enable_icc': 'banana' } }, [400, 500]],
      [{ Options: { 'com.docker.network.driver.mtu': 'abc' } }, [400, 500]], [{ Options: { 'com.docker.network.bridge.host_binding_ipv4': 'zz' } }, [400, 500]],
      [{ Driver: 'macvlan', Options: { parent: 'nope' } }, [400, 500]], [{ Driver: 'macvlan', Options: { parent: 'lo', macvlan_mode: 'zz' } }, [400, 500]], [{ Driver: 'ipvlan', Options: { parent: 'nope', ipvlan_mode: 'zz' } }, [400, 500]],
    ];
    for (const [body, statuses] of cases) {
      const reply = await endpoint().api.post('/networks/create', { Name: uniqueName('n'), ...body });
      assert.ok(statuses.includes(reply.status), `${JSON.stringify(body)}: ${String(reply.status)} ${reply.text}`);
    }
    await using network = await create({ IPAM: { Config: [{ Subnet: '10.204.0.0/16' }] } });
    const overlap = await endpoint().api.post('/networks/create', { Name: uniqueName('n'), IPAM: { Config: [{ Subnet: '10.204.8.0/24' }] } });
    assert.equal(overlap.status, 403);
    assert.match(overlap.message, /Pool overlaps with other one on this address space$/);
    const twice = await endpoint().api.post('/networks/create', { Name: network.name, CheckDuplicate: true });
    assert.equal(twice.status, 409);
    assert.equal(twice.message, `network with name ${network.name} already exists`);
    await using user = await within(network.name);
    const inUse = await endpoint().api.delete(`/networks/${network.name}`);
    assert.equal(inUse.status, 403);
    assert.equal(inUse.message, `error while removing network: network ${network.name} id ${network.id} has active endpoints`);
    for (const name of ['bridge', 'host', 'none']) {
      const reply = await endpoint().api.delete(`/networks/${name}`);
      assert.deepEqual([reply.status, reply.message], [403, `${name} is a pre-defined network and cannot be removed`]);
    }
    assert.ok(user.id);
  });

  test('an address asked of a network that did not choose its subnet', async () => {
    await using network = await create({});
    for (const [name, text] of [[network.name, /user specified IP address is supported only when connecting to networks with user configured subnets/i], ['bridge', /user specified IP address is supported on user defined networks only/i]] as const) {
      const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: name }, NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: '10.1.2.3' } } } } };
      const reply = await endpoint().api.post('/containers/create', body);
      const refused = reply.status === 201 ? await endpoint().api.post(`/containers/${reply.as<{ Id: string }>().Id}/start`) : reply;
      assert.equal(refused.status, 400);
      assert.match(refused.message, text);
    }
  });

  test('internal: no way out; containers kept apart: none to each other', async (context) => {
    if (endpoint().kind === 'dockerd') { context.skip('has not been seen to pass on dockerd yet'); return; }
    await using inner = await create({ Internal: true });
    await using apart = await create({ Options: { 'com.docker.network.bridge.enable_icc': 'false' } });
    await using a = await within(inner.name);
    await using b = await within(inner.name);
    assert.equal(await sh(a, 'ip route | grep -c default'), '0');
    assert.ok(await reaches(a, (await place(b, inner.name)).IPAddress ?? ''));
    await using c = await within(apart.name);
    await using d = await within(apart.name);
    if (endpoint().network !== undefined) {
      assert.ok(!(await reaches(a, endpoint().network?.outsideAddress ?? '')));
      assert.ok(await reaches(c, endpoint().network?.outsideAddress ?? ''));
    }
    // dockerd needs br_netfilter for that, which not every kernel has.
    if (endpoint().kind === 'strata') assert.ok(!(await reaches(c, (await place(d, apart.name)).IPAddress ?? '')));
    assert.ok(!(await reaches(c, (await place(b, inner.name)).IPAddress ?? '')), 'between networks nothing');
  });

  test('two families at once', async () => {
    await using network = await create({ EnableIPv6: true, IPAM: { Config: [{ Subnet: '10.205.0.0/24' }, { Subnet: 'fd00:205::/64', Gateway: 'fd00:205::1' }] } });
    await using first = await within(network.name);
    await using second = await within(network.name, { IPAMConfig: { IPv4Address: '10.205.0.50', IPv6Address: 'fd00:205::50' } });
    const [one, two] = [await place(first, network.name), await place(second, network.name)];
    assert.deepEqual([two.IPAddress, two.GlobalIPv6Address, two.GlobalIPv6PrefixLen, two.IPv6Gateway], ['10.205.0.50', 'fd00:205::50', 64, 'fd00:205::1']);
    assert.match(one.GlobalIPv6Address ?? '', /^fd00:205::/);
    assert.ok(await reaches(first, 'fd00:205::50', 'ping6') && await reaches(first, '10.205.0.50') && await reaches(first, 'fd00:205::1', 'ping6'));
    assert.equal((await inspect(network.id)).Containers[second.id]?.IPv6Address, 'fd00:205::50/64');
    assert.match(await sh(second, 'cat /etc/hosts'), new RegExp(`^fd00:205::50\\s+${second.id.slice(0, 12)}`, 'm'));
  });

  test('filters and prune', async (context) => {
    if (endpoint().kind === 'dockerd') { context.skip('has not been seen to pass on dockerd yet'); return; }
    const label = uniqueName('l');
    await using used = await create({ Labels: { [label]: 'x' } });
    await using free = await create({ Labels: { [label]: 'y' } });
    await using user = await within(used.name);
    const names = async (filters: object): Promise<string[]> => (await endpoint().api.get(`/networks?filters=${encodeURIComponent(JSON.stringify(filters))}`)).as<Network[]>().map(({ Name }) => Name).sort();
    assert.deepEqual(await names({ label: [label] }), [used.name, free.name].sort());
    assert.deepEqual(await names({ label: [`${label}=y`] }), [free.name]);
    assert.deepEqual(await names({ label: [label], dangling: ['true'] }), [free.name]);
    assert.deepEqual(await names({ id: [used.id.slice(0, 20)] }), [used.name]);
    assert.deepEqual(await names({ name: [free.name] }), [free.name]);
    assert.deepEqual(await names({ type: ['builtin'] }), ['bridge', 'host', 'none']);
    assert.deepEqual(await names({ driver: ['null', 'host'] }), ['host', 'none']);
    assert.deepEqual(await names({ scope: ['swarm'] }), []);
    assert.equal((await endpoint().api.get(`/networks?filters=${encodeURIComponent('{"nonsense":["x"]}')}`)).status, 400);
    const pruned = await endpoint().api.post(`/networks/prune?filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`);
    assert.deepEqual(pruned.as<{ NetworksDeleted: string[] }>().NetworksDeleted, [free.name]);
    assert.ok(user.id);
  });

  test('of several networks the first by name leads out, unless one says that it matters more', async () => {
    const base = uniqueName('g');
    await using later = await create({ IPAM: { Config: [{ Subnet: '10.206.0.0/24', Gateway: '10.206.0.1' }] } }, `${base}-z`);
    await using sooner = await create({ IPAM: { Config: [{ Subnet: '10.207.0.0/24', Gateway: '10.207.0.1' }] } }, `${base}-a`);
    await using container = await within(later.name);
    assert.match(await sh(container, 'ip route'), /default via 10\.206\.0\.1 /);
    await endpoint().docker.ok('network', 'connect', sooner.name, container.id);
    assert.match(await sh(container, 'ip route'), /default via 10\.207\.0\.1 /);
    await endpoint().docker.ok('network', 'disconnect', sooner.name, container.id);
    assert.match(await sh(container, 'ip route'), /default via 10\.206\.0\.1 /);
    if (endpoint().minor < 48) return;
    assert.equal((await endpoint().api.post(`/networks/${sooner.id}/connect`, { Container: container.id, EndpointConfig: { GwPriority: -1 } })).status, 200);
    assert.match(await sh(container, 'ip route'), /default via 10\.206\.0\.1 /);
    assert.equal((await place(container, sooner.name)).GwPriority, -1);
  });

  test('macvlan: a neighbour on the machine\'s own network', async (context) => {
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    const probe = await endpoint().network?.run(['ip', 'link', 'add', 'link', 'uplink', 'name', 'probe0', 'type', 'macvlan']).then(() => endpoint().network?.run(['ip', 'link', 'delete', 'probe0'])).then(() => true, () => false);
    if (probe !== true) { context.skip('this kernel has no macvlan'); return; }
    await using network = await create({ Driver: 'macvlan', Options: { parent: 'uplink' }, IPAM: { Config: [{ Subnet: '192.0.2.0/24', Gateway: '192.0.2.1', IPRange: '192.0.2.64/28' }] } });
    await using one = await within(network.name);
    await using two = await within(network.name, { IPAMConfig: { IPv4Address: '192.0.2.77' } });
    assert.match((await place(one, network.name)).IPAddress ?? '', /^192\.0\.2\.(6[4-9]|7\d)$/);
    assert.match(await sh(two, 'ip route'), /default via 192\.0\.2\.1 /);
    assert.ok(await reaches(one, '192.0.2.1') && await reaches(one, '192.0.2.77'));
    await endpoint().docker.ok('network', 'disconnect', network.name, two.id);
    assert.equal(await sh(two, 'ls /sys/class/net'), 'lo');
  });
});
