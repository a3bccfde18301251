import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ContainerCreateRequest, PortBinding } from '../../src/api/wire/container.ts';
import { exec } from '../../src/base/exec.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Program } from '../fixtures/program.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

/** A web server that says who asks, and is ready when it says so. */
const SERVER = `mkdir -p /w/cgi-bin; printf '#!/bin/sh\\necho; echo peer=$REMOTE_ADDR at=$(hostname)\\n' > /w/cgi-bin/who; chmod +x /w/cgi-bin/who; httpd -p 80 -h /w; httpd -p 81 -h /w; echo ready; exec sleep 1000`;
const OUTSIDE6 = 'fd00:db8::1';
const INSIDE6 = 'fd00:db8::2';

/** A line for a shell that asks the server. */
function question(host: string, port: number, nc = 'nc'): string {
  return `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | ${nc} -w 3 ${host} ${String(port)}`;
}

onEveryEndpoint('published ports', (endpoint) => {
  let network: NetworkNamespace;
  before(async () => {
    const own = endpoint().network;
    if (own === undefined) return;
    network = own;
    await exec('ip', ['-n', network.name, 'address', 'add', `${INSIDE6}/64`, 'dev', 'uplink', 'nodad']);
    await exec('ip', ['-n', network.outside, 'address', 'add', `${OUTSIDE6}/64`, 'dev', 'world', 'nodad']);
  });

  const serve = async (bindings: Record<string, PortBinding[]>, more: ContainerCreateRequest = {}): Promise<TestContainer> => {
    const container = await endpoint().started({
      Cmd: ['sh', '-c', SERVER], ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])), ...more, HostConfig: { PortBindings: bindings, ...more.HostConfig },
    });
    await waitUntil('the server', async () => (await endpoint().api.get(container.at('/logs?stdout=1'))).text.includes('ready'));
    return container;
  };
  /** What the server says to somebody in a namespace; undefined: nobody answers. */
  const ask = (host: string, port: number, space = network.outside): Promise<string | undefined> => network.run(['sh', '-c', question(host, port, 'busybox nc')], space).then((text) => /peer=.*/.exec(text)?.[0], () => undefined);
  const ports = async (container: TestContainer): Promise<Record<string, PortBinding[] | null>> => (await container.inspect()).NetworkSettings.Ports;
  const both = (port: number): PortBinding[] => [{ HostIp: '0.0.0.0', HostPort: String(port) }, { HostIp: '::', HostPort: String(port) }];

  test('both families, from outside, from this machine, from the container itself and from another', async (context) => {
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    await using server = await serve({ '80/tcp': [{ HostPort: '18080' }] });
    assert.deepEqual(await ports(server), { '80/tcp': both(18080) });
    const here = server.id.slice(0, 12);
    const gateway = (await server.inspect()).NetworkSettings.Networks['bridge']?.Gateway ?? '';
    assert.match(await ask(network.address, 18080) ?? '', new RegExp(`peer=\\[?(::ffff:)?${network.outsideAddress.replaceAll('.', '\\.')}\\]? at=${here}`));
    assert.match(await ask(INSIDE6, 18080) ?? '', new RegExp(`at=${here}`));
    for (const host of ['127.0.0.1', network.address, '::1', gateway]) assert.match(await ask(host, 18080, network.name) ?? '', new RegExp(`at=${here}`), host);
    const again = question(network.address, 18080);
    assert.match(await endpoint().docker.ok('exec', server.id, 'sh', '-c', again), new RegExp(`at=${here}`), 'hairpin');
    assert.match(await endpoint().docker.ok('run', '--rm', 'busybox', 'sh', '-c', again), new RegExp(`at=${here}`), 'from another container');
    await server.remove();
    assert.equal(await ask(network.address, 18080), undefined);
    assert.equal(await ask('::1', 18080, network.name), undefined);
  });

  test('towards a container that has IPv6', async (context) => {
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    const name = uniqueName('n');
    await endpoint().docker.ok('network', 'create', '--ipv6', '--subnet', '10.209.0.0/24', '--subnet', 'fd00:209::/64', name);
    {
      await using server = await serve({ '80/tcp': [{ HostPort: '18090' }] }, { HostConfig: { NetworkMode: name } });
      assert.deepEqual(await ports(server), { '80/tcp': both(18090) });
      const outside = await ask(INSIDE6, 18090) ?? '';
      assert.match(outside, /at=/);
      // dockerd needs ip6tables for that, which is off unless asked for.
      if (endpoint().kind === 'strata') assert.match(outside, /peer=\[?fd00:db8::1\]? /);
      for (const [host, space] of [['::1', network.name], [INSIDE6, network.name], [network.address, network.outside]] as const) assert.match(await ask(host, 18090, space) ?? '', /at=/, host);
    }
    await endpoint().docker.ok('network', 'rm', name);
  });

  test('on the loopback only: not from outside', async (context) => {
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    await using server = await serve({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18081' }], '81/tcp': [{ HostIp: network.address, HostPort: '18081' }] });
    assert.deepEqual(await ports(server), { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18081' }], '81/tcp': [{ HostIp: network.address, HostPort: '18081' }] });
    assert.match(await ask('127.0.0.1', 18081, network.name) ?? '', /at=/);
    assert.match(await ask(network.address, 18081) ?? '', /at=/);
    await using loop = await serve({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18082' }] });
    assert.equal(await ask(network.address, 18082), undefined);
    assert.match(await endpoint().docker.ok('port', loop.id), /^80\/tcp -> 127\.0\.0\.1:18082$/);
  });

  test('random ones, ranges, and all that are exposed', async () => {
    await using random = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {}, '53/udp': {}, '90/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{}], '53/udp': [{ HostPort: '' }] } } });
    const given = await ports(random);
    assert.equal(given['90/tcp'], null);
    for (const port of ['80/tcp', '53/udp']) assert.ok(Number(given[port]?.[0]?.HostPort) > 1024, JSON.stringify(given));
    await using all = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {}, '81/tcp': {}, '53/udp': {} }, HostConfig: { PublishAllPorts: true } });
    const every = await ports(all);
    assert.ok(Object.values(every).every((list) => Number(list?.[0]?.HostPort) > 1024), JSON.stringify(every));
    assert.notEqual(every['80/tcp']?.[0]?.HostPort, every['81/tcp']?.[0]?.HostPort);
    assert.deepEqual(Object.keys(every).sort(), ['53/udp', '80/tcp', '81/tcp']);
    // The first of the range is taken: the next one is given.
    await using one = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18100-18103' }] } } });
    await using two = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18100-18103' }] } } });
    assert.deepEqual([(await ports(one))['80/tcp']?.[0]?.HostPort, (await ports(two))['80/tcp']?.[0]?.HostPort], ['18100', '18101']);
    // Ranges as the command writes them.
    const id = await endpoint().docker.ok('run', '--detach', '--publish', '18110-18112:7000-7002', '--publish', '127.0.0.1:18113:7003/udp', 'busybox', 'sleep', '1000');
    assert.deepEqual(Object.entries((await endpoint().api.get(`/containers/${id}/json`)).as<{ NetworkSettings: { Ports: Record<string, PortBinding[]> } }>().NetworkSettings.Ports).map(([port, list]) => [port, list[0]?.HostPort]).sort(), [
      ['7000/tcp', '18110'], ['7001/tcp', '18111'], ['7002/tcp', '18112'], ['7003/udp', '18113'],
    ]);
    await endpoint().docker.ok('rm', '--force', id);
  });

  test('one that is taken: by a container, by a program', async (context) => {
    await using holder = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18120' }] } } });
    const attempt = async (bindings: Record<string, PortBinding[]>): Promise<{ status: number; message: string }> => {
      await using container = await endpoint().container({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: bindings } });
      const { status, message } = await endpoint().api.post(container.at('/start'));
      const { State, NetworkSettings } = await container.inspect();
      assert.equal(State.Running, false);
      assert.deepEqual(NetworkSettings.Ports, {});
      return { status, message };
    };
    const byContainer = await attempt({ '80/tcp': [{ HostPort: '18120' }] });
    assert.equal(byContainer.status, 500);
    assert.match(byContainer.message, /^driver failed programming external connectivity on endpoint .*Bind for 0\.0\.0\.0:18120 failed: port is already allocated/);
    if (endpoint().kind === 'strata') assert.ok(byContainer.message.includes(`container ${holder.name} has it`), byContainer.message);
    assert.match((await attempt({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18120' }] })).message, /127\.0\.0\.1:18120.*(port is already allocated|address already in use)/);
    // All or none: what it could have is free again.
    await attempt({ '79/tcp': [{ HostPort: '18121' }], '80/tcp': [{ HostPort: '18120' }] });
    await using free = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18121' }] } } });
    assert.equal((await ports(free))['80/tcp']?.[0]?.HostPort, '18121');
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    await using program = new Program(network.enter([process.execPath, '--eval', "require('net').createServer().listen(18122, '0.0.0.0', () => console.log('listening'))"]));
    await waitUntil('the program', () => program.output.includes('listening'));
    const byProgram = await attempt({ '80/tcp': [{ HostPort: '18122' }] });
    assert.match(byProgram.message, /address already in use/);
    if (endpoint().kind === 'strata') assert.ok(byProgram.message.includes(`process ${String(program.pid)}`), byProgram.message);
    assert.ok((await attempt({ '80/tcp': [{ HostIp: '198.51.100.7', HostPort: '18123' }] })).message.includes('cannot assign requested address'));
  });

  test('a client of UDP that goes on reaches the container that has the port now', async (context) => {
    if (endpoint().network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    // One socket, one question each time a line comes.
    const client = `const s = require('dgram').createSocket('udp4'); s.bind(5555, () => { s.on('message', (m) => console.log(String(m))); setInterval(() => s.send('?', 18130, '${network.address}'), 50); });`;
    await using asking = new Program(network.enter([process.execPath, '--eval', client], network.outside));
    for (const name of ['first', 'second']) {
      await using container = await endpoint().started({ Cmd: ['sleep', '1000'], ExposedPorts: { '53/udp': {} }, HostConfig: { PortBindings: { '53/udp': [{ HostPort: '18130' }] } } });
      const { Pid } = (await container.inspect()).State;
      const server = `const s = require('dgram').createSocket('udp4'); s.bind(53); s.on('message', (m, r) => s.send('${name}', r.port, r.address));`;
      await using answering = new Program(['nsenter', '--target', String(Pid), '--net', process.execPath, '--eval', server]);
      await waitUntil(`an answer of the ${name}`, () => asking.output.includes(name) && answering.running, { timeoutMs: 20_000 });
    }
  });

  test('what cannot be meant is refused', async () => {
    const bad = [{ '80/tcp': [{ HostPort: '70000' }] }, { '80/tcp': [{ HostPort: 'x' }] }];
    // dockerd 20.10 takes what is no address for no address.
    const ours = endpoint().kind === 'dockerd' ? [] : [{ '80/tcp': [{ HostIp: 'nowhere', HostPort: '1' }] }];
    for (const bindings of [...bad, ...ours]) {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', Cmd: ['true'], HostConfig: { PortBindings: bindings } });
      const started = reply.status === 201 ? await endpoint().api.post(`/containers/${reply.as<{ Id: string }>().Id}/start`) : reply;
      assert.ok(started.status >= 400, JSON.stringify(bindings));
    }
  });
});
