import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../fixtures/program.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

/** Says who connects and what comes, once. */
const LISTENER = "require('net').createServer((s) => { console.log('peer ' + s.remoteAddress); s.pipe(process.stdout, { end: false }); s.on('end', () => process.exit(0)); }).listen(7000, () => console.log('listening'))";

onEveryEndpoint('the default bridge', (endpoint) => {
  const sh = (script: string, ...options: string[]): Promise<string> => endpoint().docker.ok('run', '--rm', ...options, 'busybox', 'sh', '-c', script);
  const bridge = async (): Promise<{ Subnet: string; Gateway: string }> => {
    const network = (await endpoint().api.get('/networks/bridge')).as<{ IPAM: { Config: { Subnet: string; Gateway: string }[] } }>();
    const [config] = network.IPAM.Config;
    assert.ok(config);
    return config;
  };

  test('a container has an address of the bridge, a default route, and inspect says the same', async () => {
    const { Subnet, Gateway } = await bridge();
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'ip -4 -o address show dev eth0; ip route; cat /sys/class/net/eth0/address; sleep 1000'] });
    const text = await waitUntil('the output', async () => {
      const reply = await endpoint().api.get(container.at('/logs?stdout=1'));
      return reply.text.match(/([0-9a-f]{2}:){5}[0-9a-f]{2}/) === null ? undefined : reply.text;
    });
    const { NetworkSettings } = await container.inspect();
    const settings = NetworkSettings.Networks['bridge'];
    assert.ok(settings?.IPAddress);
    const prefix = Number(Subnet.split('/')[1]);
    assert.match(text, new RegExp(`inet ${settings.IPAddress}/${String(prefix)} `));
    assert.match(text, new RegExp(`default via ${Gateway} dev eth0`));
    assert.ok(text.includes(settings.MacAddress ?? 'none'));
    assert.deepEqual([settings.Gateway, settings.IPPrefixLen], [Gateway, prefix]);
    assert.match(settings.NetworkID ?? '', /^[0-9a-f]{64}$/);
    assert.match(settings.EndpointID ?? '', /^[0-9a-f]{64}$/);
    // The copies of the default network at the top went away with API 1.52.
    if (endpoint().minor < 52) assert.equal(NetworkSettings.IPAddress, settings.IPAddress);
  });

  test('containers on the bridge reach each other and their gateway by address', async () => {
    const { Gateway } = await bridge();
    await using server = await endpoint().started({ Cmd: ['sh', '-c', 'while :; do echo hello | nc -l -p 8000; done'] });
    const address = (await server.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
    assert.equal(await sh(`for i in 1 2 3 4 5 6 7 8 9; do nc ${address} 8000 </dev/null && break; sleep 0.2; done`), 'hello');
    assert.match(await sh(`ping -c 1 -W 5 ${Gateway}`), /1 packets received/);
  });

  test('addresses are given back', async () => {
    const addresses = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      await using container = await endpoint().started({ Cmd: ['sleep', '1000'] });
      await using other = await endpoint().started({ Cmd: ['sleep', '1000'] });
      const pair = await Promise.all([container, other].map(async (one) => (await one.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? ''));
      assert.equal(new Set(pair).size, 2, 'no address twice');
      for (const address of pair) addresses.add(address);
    }
    assert.ok(addresses.size <= 6);
    await using container = await endpoint().container({ Cmd: ['true'] });
    await container.start();
    await container.wait();
    await waitUntil('the address of an ended container to be given back', async () => (await container.inspect()).NetworkSettings.Networks['bridge']?.IPAddress === '');
  });

  test('the outside sees the address of the host: masquerade', async (context) => {
    const { network } = endpoint();
    if (network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    const { Subnet } = await bridge();
    const rules = await network.run(['nft', 'list', 'ruleset']);
    assert.match(rules, /masquerade/i);
    assert.ok(rules.includes(Subnet) || rules.includes('iifname') || rules.includes('oifname'), rules);
    await using listener = new Program(network.enter([process.execPath, '--eval', LISTENER], network.outside));
    await waitUntil('the listener', () => listener.output.includes('listening'));
    await sh(`echo from the container | nc -w 5 ${network.outsideAddress} 7000`);
    await listener.exited;
    assert.match(listener.output, /from the container/);
    assert.match(listener.output, new RegExp(`peer (::ffff:)?${network.address.replaceAll('.', '\\.')}\n`));
  });

  test('the files of names: resolv.conf, hosts, hostname', async () => {
    const [resolv = '', hosts = '', hostname = ''] = (await sh('cat /etc/resolv.conf; echo ---; cat /etc/hosts; echo ---; cat /etc/hostname', '--dns', '192.0.2.53', '--dns-search', 'example.org', '--dns-option', 'ndots:2', '--hostname', 'named', '--add-host', 'friend:192.0.2.9')).split('---\n');
    assert.match(resolv, /^nameserver 192\.0\.2\.53$/m);
    assert.match(resolv, /^search example\.org$/m);
    assert.match(resolv, /^options ndots:2$/m);
    assert.match(hosts, /^127\.0\.0\.1\s+localhost$/m);
    assert.match(hosts, /^192\.0\.2\.9\s+friend$/m);
    assert.match(hosts, /^\d+\.\d+\.\d+\.\d+\s+named$/m);
    assert.equal(hostname, 'named');
  });

  test('resolv.conf follows the host, without servers on its loopback', async () => {
    const resolv = await sh('cat /etc/resolv.conf');
    assert.match(resolv, /^nameserver /m);
    assert.doesNotMatch(resolv, /^nameserver 127\.0\.0\.(?!11)/m);
  });

  test('--network none has loopback only; host has the host\'s; one that is not there is an error', async () => {
    assert.equal(await sh('ls /sys/class/net', '--network', 'none'), 'lo');
    if (endpoint().network !== undefined) assert.match(await sh('ls /sys/class/net', '--network', 'host'), /uplink/);
    const unknown = await endpoint().docker.run(['run', '--rm', '--network', 'no-such-net', 'busybox', 'true']);
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /network no-such-net not found/);
  });

  test('--network container shares the network of another', async (context) => {
    await using owner = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const address = (await owner.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
    const shared = await endpoint().docker.run(['run', '--rm', '--network', `container:${owner.id}`, 'busybox', 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0']);
    if (/is not implemented/.test(shared.stderr)) { context.skip(`the engine says so itself: ${/network mode container:/.exec(shared.stderr)?.[0] ?? ''} is not implemented`); return; }
    assert.ok(shared.stdout.includes(address), shared.stderr);
  });

  test('a published port is reached from outside and given back', async (context) => {
    const { network } = endpoint();
    if (network === undefined) { context.skip('the network of this engine is not ours to build'); return; }
    await using server = await endpoint().started({
      Cmd: ['sh', '-c', 'while :; do echo published | nc -l -p 8000; done'], ExposedPorts: { '8000/tcp': {} }, HostConfig: { PortBindings: { '8000/tcp': [{ HostPort: '18000' }] } },
    });
    const ask = (): Promise<string | undefined> => network.run(['busybox', 'nc', '-w', '2', network.address, '18000'], network.outside).catch(() => undefined);
    assert.equal(await waitUntil('the port', async () => (await ask())?.trim() || undefined), 'published');
    assert.match(await endpoint().docker.ok('port', server.id, '8000'), /^0\.0\.0\.0:18000(\n\[::\]:18000)?$/);
    await server.remove();
    assert.equal((await ask())?.trim() || undefined, undefined);
  });
});
