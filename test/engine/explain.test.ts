import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ContainerCreateRequest } from '../../src/api/wire/container.ts';
import type { ContainerExplanation } from '../../src/api/wire/explain.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, engineMissing, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const skip = missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || await engineMissing();

describe('explain', { skip, concurrency: false }, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;
  before(async () => {
    const images = await testImages();
    engine = cleanup.use(await Engine.start());
    const docker = cleanup.use(await DockerCli.create(engine.socketPath));
    await docker.ok('load', '--quiet', '--input', images.busybox);
  }, { timeout: 120_000 });
  after(() => cleanup.disposeAsync(), { timeout: 60_000 });

  const create = async (name: string, request: ContainerCreateRequest): Promise<void> => {
    const reply = await engine.api.post(`/containers/create?name=${name}`, { Image: 'busybox', ...request });
    assert.equal(reply.status, 201, reply.text);
  };
  const start = async (name: string): Promise<void> => { assert.equal((await engine.api.post(`/containers/${name}/start`)).status, 204); };
  const explain = async (name: string): Promise<ContainerExplanation> => (await engine.api.get(`/strata/containers/${name}/explain`)).as<ContainerExplanation>();

  test('a container that runs: spec, namespaces, limits, mounts, ports, processes, its start', async () => {
    await engine.api.post('/volumes/create', { Name: 'kept' });
    await create('web', {
      Cmd: ['sh', '-c', 'echo hello; sleep 100; true'], Env: ['TIER=front'], ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        Memory: 64 << 20, NanoCpus: 5e8, PidsLimit: 50, CapAdd: ['NET_ADMIN'], CapDrop: ['MKNOD'], Binds: ['kept:/data:ro'], Tmpfs: { '/scratch': '' }, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
        SecurityOpt: ['no-new-privileges'],
      },
    });
    await start('web');
    await create('beside', { Cmd: ['sleep', '100'], HostConfig: { IpcMode: 'host' } });
    await start('beside');
    const fact = await waitUntil('the first output', async () => {
      const found = await explain('web');
      return found.start?.firstOutputMs === null ? undefined : found;
    });
    const reason = (path: string): [string | undefined, string | undefined, string | undefined] => {
      const line = fact.spec.find((candidate) => candidate.path === path);
      return [line?.value, line?.from, line?.why];
    };
    assert.deepEqual(reason('process.env TIER'), ['front', 'flag', '--env TIER']);
    assert.deepEqual(reason('process.env PATH').slice(1), ['image', 'ENV PATH']);
    assert.deepEqual(reason('process.args'), ['["sh","-c","echo hello; sleep 100; true"]', 'flag', 'the command line']);
    assert.deepEqual(reason('linux.resources.memory.limit'), [String(64 << 20), 'flag', '--memory']);
    assert.deepEqual(reason('linux.resources.cpu.quota'), ['50000', 'flag', '--cpus']);
    assert.deepEqual(reason('process.noNewPrivileges'), ['true', 'flag', '--security-opt no-new-privileges']);
    assert.equal(reason('mounts /proc')[1], 'default');
    assert.equal(reason('mounts /data')[2], '--volume kept');
    assert.equal(reason('mounts /etc/hosts')[1], 'engine');
    assert.equal(reason('hostname')[1], 'default');
    for (const field of ['root', 'process', 'mounts', 'linux']) assert.ok(fact.spec.some(({ path }) => path.startsWith(field)), field);

    const spaces = new Map(fact.namespaces.map((namespace) => [namespace.type, namespace]));
    assert.deepEqual([spaces.get('network')?.sharedWith, spaces.get('pid')?.sharedWith, spaces.get('user')?.sharedWith], [[], [], ['host']]);
    assert.ok((spaces.get('network')?.id ?? 0) > 0);
    const other = (await explain('beside')).namespaces.find(({ type }) => type === 'ipc');
    assert.deepEqual([other?.sharedWith, other?.why], [['host'], '--ipc host']);

    assert.deepEqual(fact.limits.map(({ name, limit }) => [name, limit]), [['memory', 64 << 20], ['cpu', 0.5], ['pids', 50]]);
    assert.ok(fact.limits.every(({ used }) => used !== null && used >= 0));
    assert.ok((fact.throttling?.periods ?? -1) >= 0);
    assert.deepEqual(fact.mounts.filter(({ why }) => why.startsWith('--')).map(({ destination, type, readOnly, why }) => [destination, type, readOnly, why]).sort(), [
      ['/data', 'volume', true, '--volume kept'], ['/scratch', 'tmpfs', false, '--tmpfs'],
    ]);
    assert.ok(fact.security.capabilities.includes('CAP_NET_ADMIN') && !fact.security.capabilities.includes('CAP_MKNOD'));
    assert.deepEqual([fact.security.added, fact.security.dropped], [['NET_ADMIN'], ['MKNOD']]);
    assert.deepEqual(fact.processes.map(({ command }) => command).sort(), ['sh -c echo hello; sleep 100; true', 'sleep 100']);
    const [network] = fact.networks;
    const address = network?.address?.split('/')[0] ?? '-';
    assert.deepEqual(network?.ports, [
      { host: '0.0.0.0:8080/tcp', rule: `nft map published4 { tcp . 8080 : ${address} . 80 }`, container: `${address}:80/tcp` },
      { host: '[::]:8080/tcp', rule: 'relayed by the engine', container: `${address}:80/tcp` },
    ]);
    assert.match(await engine.network.run(['nft', 'list', 'ruleset']), new RegExp(`tcp \\. 8080 : ${address.replaceAll('.', '\\.')} \\. 80`));
    const trace = fact.start;
    assert.ok(trace && trace.rootfsMs > 0 && trace.networkMs > 0 && trace.specMs > 0 && trace.runtimeMs > 0);
    assert.ok(trace.totalMs >= trace.rootfsMs + trace.networkMs + trace.specMs + trace.runtimeMs - 0.01);
    assert.equal(fact.end, null);
  });

  test('one that was only created: what its start would be given', async () => {
    await create('new', { Cmd: ['true'], User: 'app' });
    const fact = await explain('new');
    assert.deepEqual([fact.start, fact.end, fact.processes], [null, null, []]);
    assert.deepEqual(fact.spec.find(({ path }) => path === 'process.user'), { path: 'process.user', value: '1000:1000 +2000', from: 'flag', why: '--user app' });
    assert.deepEqual(fact.namespaces.map(({ id }) => id), [null, null, null, null, null, null, null]);
    await create('broken', { Cmd: ['true'], User: 'nobody-knows' });
    assert.match((await explain('broken')).specError ?? '', /nobody-knows/);
  });

  test('why it ended: by itself, by a stop, by another signal, out of memory; known after the engine was killed', async () => {
    const ended = async (name: string, request: ContainerCreateRequest, end: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
      await create(name, request);
      await start(name);
      await end();
      await engine.api.post(`/containers/${name}/wait`);
    };
    await ended('itself', { Cmd: ['sh', '-c', 'exit 3'] });
    await ended('stopped', { Cmd: ['sleep', '100'] }, () => engine.api.post('/containers/stopped/stop?t=0'));
    await ended('signalled', { Cmd: ['sh', '-c', 'exec sleep 100'], HostConfig: { PidMode: 'host' } }, () => engine.api.post('/containers/signalled/kill?signal=USR1'));
    await ended('hungry', { Cmd: ['sh', '-c', 'tail /dev/zero'], HostConfig: { Memory: 10 << 20 } });
    await create('lost', { Cmd: ['nonexistent'] });
    await engine.api.post('/containers/lost/start');
    await engine.restart('kill9');
    const end = async (name: string): Promise<[number | undefined, string | null | undefined, string | null | undefined]> => {
      const fact = (await explain(name)).end;
      return [fact?.exitCode, fact?.signal, fact?.sentBy];
    };
    assert.deepEqual(await end('itself'), [3, null, null]);
    assert.deepEqual(await end('stopped'), [137, 'SIGKILL', 'a stop through the API that it did not follow within 0 s']);
    assert.deepEqual(await end('signalled'), [138, 'SIGUSR1', 'a kill through the API']);
    assert.deepEqual(await end('hungry'), [137, 'SIGKILL', 'kernel (out of memory)']);
    assert.match((await explain('lost')).end?.text ?? '', /could not be started: .*nonexistent/);
    assert.ok((await explain('itself')).start !== null);
  });
});
