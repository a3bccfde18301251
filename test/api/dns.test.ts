import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EndpointSettings } from '../../src/api/wire/container.ts';
import { DnsClient } from '../fixtures/dns-client.ts';
import { Program } from '../fixtures/program.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

const UPSTREAM = fileURLToPath(new URL('../fixtures/dns-upstream.ts', import.meta.url));
const SECOND_SERVER = '192.0.2.3';
const SLEEP = ['sleep', '1000'];

onEveryEndpoint('names of containers', (endpoint) => {
  const [first, second, inner] = [uniqueName('n'), uniqueName('n'), uniqueName('n')];
  const webName = `${uniqueName('c')}-Web.x`;
  const cleanup = new AsyncDisposableStack();
  let upstream: Program | undefined;
  let servers: string[] = [];
  /** Somebody to be found, and somebody who asks. Both are there for all tests, as they were. */
  let shared: { web: TestContainer; webAddress: string; asker: TestContainer; askerAddress: string; client: DnsClient } | undefined;
  const there = (): NonNullable<typeof shared> => shared ?? assert.fail('the containers did not start');

  before(async () => {
    const { network, docker } = endpoint();
    await docker.ok('network', 'create', '--subnet', '10.214.1.0/24', first);
    await docker.ok('network', 'create', '--subnet', '10.214.2.0/24', second);
    await docker.ok('network', 'create', '--subnet', '10.214.3.0/24', '--internal', inner);
    cleanup.defer(async () => { await docker.ok('network', 'rm', first, second, inner); });
    if (network) {
      await network.run(['ip', 'address', 'add', `${SECOND_SERVER}/24`, 'dev', 'world'], network.outside);
      servers = [network.outsideAddress, SECOND_SERVER];
      const program = cleanup.use(new Program(network.enter([process.execPath, UPSTREAM, ...servers], network.outside)));
      await program.until('start of the name servers', 20_000, waitUntil('them to listen', () => program.output.match(/^listening/gm)?.length === 2));
      upstream = program;
    }
    const web = cleanup.use(await started(first, { Aliases: ['www', 'Other.Name', 'many'] }, { Hostname: 'named' }, webName));
    const asker = cleanup.use(await started(first, { Aliases: ['many'] }, { HostConfig: { DnsSearch: ['example.org'], DnsOptions: ['timeout:3'], ExtraHosts: ['host.docker.internal:host-gateway'] } }));
    shared = { web, webAddress: await addressOf(web), asker, askerAddress: await addressOf(asker), client: cleanup.use(await asking(asker)) };
  });
  after(() => cleanup.disposeAsync());

  /** In `network`, asking the test's servers outside. */
  const started = (network: string, settings: EndpointSettings = {}, more: Parameters<ReturnType<typeof endpoint>['started']>[0] = {}, name?: string): Promise<TestContainer> => endpoint().started({
    Cmd: SLEEP, ...more, HostConfig: { NetworkMode: network, Dns: servers, ...more.HostConfig }, NetworkingConfig: { EndpointsConfig: { [network]: settings } },
  }, name);
  const asking = async (container: TestContainer, waitMs?: number): Promise<DnsClient> => new DnsClient((await container.inspect()).State.Pid, waitMs);
  const addressOf = async (container: TestContainer, network = first): Promise<string> => (await container.inspect()).NetworkSettings.Networks[network]?.IPAddress ?? '';
  const outside = (context: TestContext): boolean => {
    if (!upstream) context.skip('the network of this engine is not ours to build');
    return upstream !== undefined;
  };
  const questions = (name: string): number => upstream?.output.split('\n').filter((line) => line.startsWith('asked') && line.includes(` ${name} `)).length ?? 0;
  const reversed = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;

  test('name, aliases, short id, host name, name with network; any case; addresses back to names', async () => {
    const { web, webAddress, asker, askerAddress, client } = there();
    for (const known of [webName, webName.toLowerCase(), 'www', 'WWW', 'other.name', web.id.slice(0, 12), 'named', `${webName}.${first}`, `www.${first}`]) {
      const reply = await client.find(known);
      assert.deepEqual([known, reply?.rcode, reply?.name, reply?.answers, reply?.recursionAvailable], [known, 0, known, [webAddress], true]);
    }
    assert.deepEqual((await client.find('www', 'A', 'tcp'))?.answers, [webAddress]);
    assert.equal(await client.addresses(asker.name), askerAddress, 'its own name');
    assert.equal(await client.addresses(reversed(webAddress), 'PTR'), `${webName}.${first}`);
    // Neither in IPv6 nor as a domain of mail: there all the same.
    for (const type of ['AAAA', 'MX'] as const) assert.deepEqual([(await client.find('www', type))?.rcode, (await client.find('www', type))?.answers], [0, []]);
    assert.match(await endpoint().docker.ok('exec', asker.id, 'nslookup', 'www.'), new RegExp(`Address: ${webAddress}$`, 'm'));
  });

  test('several containers under one alias take turns at the head of the answer', async () => {
    const { webAddress, askerAddress, client } = there();
    const heads = new Set<string>();
    // By chance one is first in all of a hundred answers: once in 10^29 times.
    for (let left = 100; left > 0 && heads.size < 2; left -= 1) {
      const reply = await client.find('many');
      assert.deepEqual([...reply?.answers ?? []].sort(), [webAddress, askerAddress].sort());
      heads.add(reply?.answers[0] ?? '');
    }
    assert.equal(heads.size, 2);
  });

  test('resolv.conf and hosts; host-gateway is the address of the default bridge', async (context) => {
    if (!outside(context)) return;
    const { asker } = there();
    const text = await endpoint().docker.ok('exec', asker.id, 'cat', '/etc/resolv.conf');
    for (const line of [/^nameserver 127\.0\.0\.11$/m, /^search example\.org$/m, /^options timeout:3 ndots:0$/m]) assert.match(text, line);
    assert.equal(text.match(/^nameserver/gm)?.length, 1);
    assert.match(await endpoint().docker.ok('exec', asker.id, 'nslookup', 'host1'), /Name:\s+host1\.example\.org\nAddress: 198\.51\.100\.1$/m);
    const [config] = (await endpoint().api.get('/networks/bridge')).as<{ IPAM: { Config: { Gateway: string }[] } }>().IPAM.Config;
    assert.match(await endpoint().docker.ok('exec', asker.id, 'cat', '/etc/hosts'), new RegExp(`^${(config?.Gateway ?? 'none').replaceAll('.', '\\.')}\\s+host\\.docker\\.internal$`, 'm'));
  });

  test('names without a dot are not asked outside where ndots is set', async (context) => {
    if (!outside(context)) return;
    await using container = await started(first, {}, { HostConfig: { DnsOptions: ['ndots:2'] } });
    assert.match(await endpoint().docker.ok('exec', container.id, 'cat', '/etc/resolv.conf'), /^options ndots:2$/m);
    await using client = await asking(container);
    const name = uniqueName('short');
    assert.deepEqual([(await client.find(name))?.rcode, (await client.find(name))?.answers, questions(name)], [0, [], 0]);
    assert.equal(await client.addresses(`${name}.example.org`), '198.51.100.1');
    assert.equal(await client.addresses(webName), there().webAddress);
  });

  test('everything else is asked outside: what it says comes back, over TCP where it is long', async (context) => {
    if (!outside(context)) return;
    const { asker, client } = there();
    assert.equal(await client.addresses('www.example.org'), '198.51.100.1');
    assert.equal(await client.addresses('WwW.eXample.org'), '198.51.100.1');
    assert.equal((await client.find('WwW.eXample.org'))?.name, 'WwW.eXample.org');
    assert.equal(await client.addresses('nowhere.example.net'), 'NXDOMAIN');
    assert.equal(await client.addresses('www.example.org', 'AAAA'), '');
    assert.equal(await client.addresses('9.9.0.192.in-addr.arpa', 'PTR'), 'NXDOMAIN');
    const [short, long] = [await client.find('big.example.org'), await client.find('big.example.org', 'A', 'tcp')];
    assert.deepEqual([short?.truncated, long?.truncated, long?.answers.length], [true, false, 100]);
    assert.match(await endpoint().docker.ok('exec', asker.id, 'nslookup', 'www.example.org'), /Address: 198\.51\.100\.1$/m);
  });

  test('another server is asked when the first fails or is silent', async (context) => {
    if (!outside(context)) return;
    const { client } = there();
    const [refuses, silent] = await Promise.all([client.addresses('refuses.example.org'), client.addresses('silent.example.org')]);
    assert.deepEqual([refuses, silent], ['198.51.100.2', '198.51.100.2']);
  });

  test('an internal network has names, and no way out', async (context) => {
    if (!outside(context)) return;
    await using container = await started(inner);
    await using client = await asking(container, 2000);
    assert.equal(await client.addresses(container.name), await addressOf(container, inner));
    const name = `${uniqueName('out')}.example.org`;
    assert.ok(['silence', 'SERVFAIL'].includes(await client.addresses(name)));
    assert.equal(questions(name), 0);
  });

  test('links are names that one container alone uses', async (context) => {
    if (!outside(context)) return;
    const { webAddress, client: stranger } = there();
    const later = uniqueName('c');
    const links = [`${webName}:friend`, webName, `${later}:late`];
    await using linked = await started(first, { Links: links });
    await using client = await asking(linked);
    assert.deepEqual([await client.addresses('friend'), await client.addresses(webName), await client.addresses('late')], [webAddress, webAddress, 'NXDOMAIN']);
    assert.equal(await stranger.addresses('friend'), 'NXDOMAIN');
    await using late = await started(first, {}, {}, later);
    assert.equal(await client.addresses('late'), await addressOf(late));
    assert.deepEqual((await linked.inspect()).NetworkSettings.Networks[first]?.Links, links);
    assert.doesNotMatch(await endpoint().docker.ok('exec', linked.id, 'sh', '-c', 'env; cat /etc/hosts'), /FRIEND|friend/);
  });

  test('links of the default network do not lead into others', async () => {
    const refused = await endpoint().docker.run(['run', '--rm', '--link', webName, 'busybox', 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, new RegExp(`Cannot link to /${webName}, as it does not belong to the default network`));
  });

  test('connected while it runs: resolv.conf, names in both networks, and away again', async (context) => {
    if (!outside(context)) return;
    const { webAddress, client: stranger } = there();
    await using container = await endpoint().started({ Cmd: SLEEP, HostConfig: { Dns: servers } });
    const { docker } = endpoint();
    const resolvConf = (): Promise<string> => docker.ok('exec', container.id, 'cat', '/etc/resolv.conf');
    assert.doesNotMatch(await resolvConf(), /127\.0\.0\.11/);
    await docker.ok('network', 'connect', '--alias', 'both', first, container.name);
    await docker.ok('network', 'connect', '--alias', 'both', '--link', `${container.name}:me`, second, container.name);
    assert.match(await resolvConf(), /^nameserver 127\.0\.0\.11$/m);
    await using client = await asking(container);
    assert.equal(await client.addresses(webName), webAddress);
    assert.equal(await client.addresses(`both.${second}`), await addressOf(container, second));
    assert.equal(await client.addresses('me'), await addressOf(container, second));
    assert.equal(await stranger.addresses('both'), await addressOf(container));
    assert.equal(await stranger.addresses(`both.${second}`), 'NXDOMAIN');
    await docker.ok('network', 'disconnect', first, container.name);
    assert.equal(await stranger.addresses('both'), 'NXDOMAIN');
    assert.equal(await client.addresses(webName), 'NXDOMAIN');
    assert.equal(await client.addresses('both'), await addressOf(container, second));
    await docker.ok('network', 'disconnect', second, container.name);
    assert.equal(await client.addresses('www.example.org'), '198.51.100.1');
  });

  test('inspect tells the names', async () => {
    const { web } = there();
    const settings = (await web.inspect()).NetworkSettings.Networks[first];
    const [wanted, own] = [['www', 'Other.Name', 'many'], [web.id.slice(0, 12), 'named']];
    if (endpoint().minor < 45) assert.deepEqual([...settings?.Aliases ?? []].sort(), [...wanted, ...own].sort());
    else assert.deepEqual([settings?.Aliases, [...settings?.DNSNames ?? []].sort()], [wanted, [web.name, ...wanted, ...own].sort()]);
    const old = (await endpoint().api.get(`/v1.41${web.at('/json')}`)).as<{ NetworkSettings: { Networks: Record<string, EndpointSettings> } }>();
    assert.deepEqual([...old.NetworkSettings.Networks[first]?.Aliases ?? []].sort(), [...wanted, ...own].sort());
  });

  test('what is no question does no harm', async () => {
    const { asker, askerAddress } = there();
    await using client = await asking(asker, 1000);
    const header = (count: number): Buffer => Buffer.from([0, 7, 1, 0, 0, count, 0, 0, 0, 0, 0, 0]);
    const hostile = [
      Buffer.from([1]), header(1), Buffer.concat([header(1), Buffer.from([0xc0, 12, 0, 1, 0, 1])]), Buffer.concat([header(9), Buffer.from([1, 97, 0, 0, 1, 0, 1])]),
      Buffer.concat([header(1), Buffer.alloc(400, 63)]), Buffer.concat([header(1), Buffer.from([200, 97, 0, 0, 1, 0, 1])]), Buffer.alloc(4000, 255),
    ];
    await Promise.all(hostile.flatMap((message) => [client.send(message), client.send(message, 'tcp')]));
    assert.equal(await there().client.addresses(asker.name), askerAddress);
    assert.deepEqual((await there().client.find(asker.name, 'A', 'tcp'))?.answers, [askerAddress]);
  });

  test('rename, pause, stop and start', async (context) => {
    if (!outside(context)) return;
    const { web, webAddress, client } = there();
    const renamed = uniqueName('c');
    await endpoint().docker.ok('rename', webName, renamed);
    assert.deepEqual([await client.addresses(webName), await client.addresses(renamed)], ['NXDOMAIN', webAddress]);
    assert.equal(await client.addresses(reversed(webAddress), 'PTR'), `${renamed}.${first}`);
    await endpoint().docker.ok('pause', renamed);
    assert.equal(await client.addresses(renamed), webAddress);
    await endpoint().docker.ok('unpause', renamed);
    await endpoint().docker.ok('kill', renamed);
    await waitUntil('the name to go', async () => await client.addresses(renamed) === 'NXDOMAIN');
    await web.start();
    assert.equal(await client.addresses(renamed), await addressOf(web));
  });
});
