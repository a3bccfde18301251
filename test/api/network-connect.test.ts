import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EndpointSettings } from '../../src/api/wire/container.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

onEveryEndpoint('connecting containers that are there', (endpoint) => {
  const [first, second] = [uniqueName('n'), uniqueName('n')];
  before(async () => {
    await endpoint().docker.ok('network', 'create', '--subnet', '10.213.7.0/24', first);
    await endpoint().docker.ok('network', 'create', second);
  });
  after(() => endpoint().docker.ok('network', 'rm', first, second));

  const call = async (verb: 'connect' | 'disconnect', network: string, body: object): Promise<{ status: number; message: string }> => {
    const reply = await endpoint().api.post(`/networks/${network}/${verb}`, body);
    return { status: reply.status, message: reply.status === 200 ? '' : reply.message };
  };
  const networks = async (container: TestContainer): Promise<Record<string, EndpointSettings>> => (await container.inspect()).NetworkSettings.Networks;
  const inside = (container: TestContainer, command: string): Promise<string> => endpoint().docker.ok('exec', container.id, 'sh', '-c', command);

  test('a running one: interface, address, alias, and away again', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    await endpoint().docker.ok('network', 'connect', '--ip', '10.213.7.77', '--alias', 'friend', first, container.name);
    assert.equal(await inside(container, "ip -4 addr show eth1 | grep -o 'inet [0-9.]*'"), 'inet 10.213.7.77');
    const present = await networks(container);
    assert.deepEqual(Object.keys(present).sort(), ['bridge', first].sort());
    assert.equal(present[first]?.IPAddress, '10.213.7.77');
    assert.ok(present[first].Aliases?.includes('friend'));
    assert.match(await endpoint().docker.ok('network', 'inspect', '--format', '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}', first), new RegExp(`^${container.name} 10\\.213\\.7\\.77/24$`));
    assert.deepEqual((await call('disconnect', first, { Container: container.id })).status, 200);
    assert.deepEqual(Object.keys(await networks(container)), ['bridge']);
    assert.equal(await inside(container, 'ls /sys/class/net | grep eth'), 'eth0');
  });

  test('the way out goes over to a network that is left', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    assert.equal((await call('connect', first, { Container: container.name })).status, 200);
    assert.equal((await call('disconnect', 'bridge', { Container: container.id })).status, 200);
    assert.match(await inside(container, 'ip route'), /^default via 10\.213\.7\.1 /m);
    await endpoint().api.post(container.at('/kill'));
    await container.start();
    assert.deepEqual(Object.keys(await networks(container)), [first]);
  });

  test('one that does not run is there when it starts', async () => {
    await using container = await endpoint().container({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: first } });
    assert.equal((await call('connect', second, { Container: container.id, EndpointConfig: { Aliases: ['late'] } })).status, 200);
    assert.equal((await call('disconnect', first, { Container: container.id })).status, 200);
    assert.equal((await call('connect', first, { Container: container.id, EndpointConfig: { IPAMConfig: { IPv4Address: '10.213.7.78' } } })).status, 200);
    await container.start();
    const present = await networks(container);
    assert.deepEqual(Object.keys(present).sort(), [first, second].sort());
    assert.equal(present[first]?.IPAddress, '10.213.7.78');
    assert.equal(await inside(container, "ip -4 addr | grep -c 'inet .*eth'"), '2');
  });

  test('refusals', async () => {
    await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
    await using inHost = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'host' } });
    const refused = async (verb: 'connect' | 'disconnect', network: string, body: object): Promise<string> => {
      const { status, message } = await call(verb, network, body);
      assert.ok(status >= 400, `${verb} ${network}`);
      return message;
    };
    await call('connect', first, { Container: container.id });
    assert.equal(await refused('connect', first, { Container: container.id }), `endpoint with name ${container.name} already exists in network ${first}`);
    assert.equal(await refused('disconnect', second, { Container: container.id }), `container ${container.id} is not connected to network ${second}`);
    assert.match(await refused('connect', 'host', { Container: container.id }), /^container cannot be disconnected from host network/);
    assert.match(await refused('connect', 'none', { Container: container.id }), /^container cannot be connected to multiple networks with one of the networks in private \(none\) mode$/);
    assert.match(await refused('connect', first, { Container: inHost.id }), /^container sharing network namespace with another container or host cannot be connected to any other network$/);
    assert.equal((await call('connect', 'nowhere', { Container: container.id })).status, 404);
    assert.equal((await call('connect', second, { Container: 'nobody' })).status, 404);
    assert.ok((await call('connect', second, {})).status >= 400);
  });
});
