import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const skip = missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || await engineMissing();
const HELLO = 'nc -ll -p 80 -e echo hello';

describe('the firewall and the default bridge', { skip, concurrency: false }, () => {
  let engine: Engine;
  let docker: DockerCli;
  before(async () => {
    const images = await testImages();
    engine = await Engine.start();
    docker = await DockerCli.create(engine.socketPath);
    await docker.ok('load', '--quiet', '--input', images.busybox);
  }, { timeout: 180_000 });
  after(async () => {
    await docker[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  }, { timeout: 60_000 });

  const rules = (): Promise<string> => engine.network.run(['nft', 'list', 'ruleset']);
  const answers = (port: number): Promise<boolean> => engine.network.run(['sh', '-c', `busybox nc -w 3 ${engine.network.address} ${String(port)} </dev/null`], engine.network.outside).then((text) => text.includes('hello'), () => false);
  const serve = async (name: string, port: number): Promise<void> => {
    await docker.ok('run', '--detach', '--name', name, '--publish', `${String(port)}:80`, 'busybox', 'sh', '-c', HELLO);
    await waitUntil(`${name} to answer`, () => answers(port));
  };

  test('what somebody flushes comes back by itself; what somebody else has is never touched', async () => {
    await engine.network.run(['sh', '-c', 'nft add table inet theirs; nft add chain inet theirs mine "{ type filter hook input priority 0; }"; nft add rule inet theirs mine tcp dport 9 drop; nft add table ip docker']);
    await serve('web', 18201);
    const whole = await rules();
    assert.match(whole, /tcp dport 9 drop/);
    await engine.network.run(['nft', 'flush', 'ruleset']);
    await waitUntil('the table', async () => (await rules()).includes('tcp . 18201'));
    assert.ok(await answers(18201));
    // The rules alone, in a table that stays.
    await engine.network.run(['sh', '-c', 'nft add table inet theirs; nft flush table inet strata0']);
    await waitUntil('the rules', async () => /chain forward[^}]*ct status dnat accept/.test(await rules()));
    assert.ok(await answers(18201));
    // A change at the moment of a flush finds the table gone, and writes it.
    await engine.network.run(['nft', 'delete', 'table', 'inet', 'strata0']);
    await serve('other', 18202);
    assert.ok(await answers(18201));
    assert.match(await rules(), /table inet theirs/);
    await docker.ok('rm', '--force', 'other');
    assert.doesNotMatch(await rules(), /18202/);
  });

  test('a crash leaves the ports open; the next start takes over, and clears away what is nobody\'s', async () => {
    await engine.kill9();
    assert.ok(await answers(18201), 'without an engine');
    await engine.network.run(['sh', '-c', "nft add element inet strata0 published4 '{ tcp . 18209 : 172.17.0.99 . 80 }'"]);
    await engine.startAgain();
    assert.ok(await answers(18201));
    assert.doesNotMatch(await rules(), /18209/);
    const refused = await docker.run(['run', '--rm', '--publish', '18201:80', 'busybox', 'true']);
    assert.match(refused.stderr, /port is already allocated: container web has it/);
  });

  test('the range of the default bridge moves away from a route of the machine, and says so', async () => {
    await docker.ok('rm', '--force', 'web');
    await engine.stop();
    await engine.network.run(['ip', 'route', 'add', '172.17.128.0/17', 'via', engine.network.outsideAddress]);
    await engine.startAgain();
    const { IPAM: { Config: [config] } } = (await engine.api.get('/networks/bridge')).as<{ IPAM: { Config: { Subnet: string; Gateway: string }[] } }>();
    assert.deepEqual(config, { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' });
    assert.match(engine.log, /address range is in use.*172\.17\.0\.1\/16.*uplink/);
    await serve('moved', 18203);
    assert.match(await engine.network.run(['ip', '-4', '-o', 'address', 'show', 'dev', 'strata0']), /172\.18\.0\.1\/16/);
    const reply = await engine.api.post('/networks/create', { Name: 'clash', IPAM: { Config: [{ Subnet: '172.17.0.0/16' }] } });
    assert.match(reply.as<{ Warning: string }>().Warning, /^the subnet 172\.17\.0\.0\/16 overlaps with a route of this machine through uplink.*; a free one is 172\.19\.0\.0\/16$/);
    await docker.ok('network', 'rm', 'clash');
    // With containers on it, when the configuration says so: they are named, and restarted with addresses of the new range.
    await engine.kill9();
    await engine.startAgain(['--bip', '10.208.0.1/24', '--fixed-cidr', '10.208.0.128/25']);
    await waitUntil('the container in its new place', () => answers(18203));
    assert.match(await docker.ok('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}', 'moved'), /^10\.208\.0\.(12[89]|1[3-9]\d|2\d\d) 10\.208\.0\.1$/);
    assert.match(engine.log, /the default bridge gets other addresses: its containers are restarted.*172\.18\.0\.0\/16.*10\.208\.0\.0\/24.*moved/);
    assert.doesNotMatch(await engine.network.run(['ip', '-4', '-o', 'address', 'show', 'dev', 'strata0']), /172\.18/);
    await docker.ok('rm', '--force', 'moved');
  });
});
