import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InfoResponse, VersionResponse } from '../../src/api/wire/system.ts';
import { onEveryEndpoint } from './endpoint.ts';

onEveryEndpoint('ping, version, info, versions of the API', (endpoint) => {
  for (const method of ['GET', 'HEAD']) {
    test(`${method} /_ping answers with the headers that clients negotiate by`, async () => {
      const { api, minor } = endpoint();
      const reply = await api.call(method, '/_ping');
      assert.equal(reply.status, 200);
      assert.equal(reply.text, method === 'GET' ? 'OK' : '');
      assert.equal(reply.headers['api-version'], `1.${String(minor)}`);
      assert.equal(reply.headers['ostype'], 'linux');
      assert.equal(reply.headers['docker-experimental'], 'false');
      assert.match(reply.headers['builder-version'] ?? '', /^[12]?$/);
      assert.match(reply.headers['content-type'] ?? '', /^text\/plain/);
      assert.match(reply.headers['cache-control'] ?? '', /no-store/);
      assert.equal(reply.headers['pragma'], 'no-cache');
      assert.match(reply.headers['server'] ?? '', /^\S+\/\S+ \(linux\)$/);
    });
  }

  test('every reply carries the version headers, also errors', async () => {
    const reply = await endpoint().api.get('/containers/nope/json');
    assert.equal(reply.status, 404);
    assert.equal(reply.headers['api-version'], `1.${String(endpoint().minor)}`);
    assert.equal(reply.headers['ostype'], 'linux');
  });

  test('version names the engine, its parts and the versions that it speaks', async () => {
    const version = (await endpoint().api.get('/version')).as<VersionResponse>();
    assert.equal(version.Os, 'linux');
    assert.match(version.ApiVersion, /^1\.\d+$/);
    assert.match(version.MinAPIVersion, /^1\.\d+$/);
    assert.match(version.Version, /^\d+\.\d+/);
    assert.match(version.KernelVersion, /^\d+\.\d+/);
    assert.ok(version.Components.some(({ Name }) => Name === 'Engine'));
    assert.match(version.Arch, /^(amd64|arm64)$/);
  });

  test('info counts containers and images and describes the host', async () => {
    const { api } = endpoint();
    const before = (await api.get('/info')).as<InfoResponse>();
    await using running = await endpoint().started({ Cmd: ['sleep', '100'] });
    await using created = await endpoint().container({ Cmd: ['true'] });
    const info = (await api.get('/info')).as<InfoResponse>();
    assert.ok(running.id !== created.id);
    assert.equal(info.Containers, before.Containers + 2);
    assert.equal(info.ContainersRunning, before.ContainersRunning + 1);
    assert.equal(info.ContainersStopped, before.ContainersStopped + 1);
    assert.ok(info.Images >= 1);
    assert.equal(info.OSType, 'linux');
    assert.ok(info.NCPU >= 1);
    assert.ok(info.MemTotal > 1e8);
    assert.match(info.Architecture, /^(x86_64|aarch64)$/);
    assert.match(info.CgroupVersion, /^[12]$/);
    assert.ok(info.Runtimes[info.DefaultRuntime] !== undefined);
    assert.ok(info.Driver.startsWith('overlay'));
    assert.notEqual(info.ID, '');
    assert.ok(Array.isArray(info.RegistryConfig.InsecureRegistryCIDRs));
  });

  test('a client that is too old is told so', async () => {
    const reply = await endpoint().api.get('/v1.1/version');
    assert.equal(reply.status, 400);
    assert.match(reply.text, /client version 1\.1 is too old\. Minimum supported API version is 1\.\d+, please upgrade your client to a newer version/);
  });

  test('a client that is too new is told so', async () => {
    const { api, minor } = endpoint();
    const reply = await api.get('/v1.999/version');
    assert.equal(reply.status, 400);
    assert.equal(reply.message, `client version 1.999 is too new. Maximum supported API version is 1.${String(minor)}`);
  });

  test('the oldest and the newest version that it names are served', async () => {
    const { api } = endpoint();
    const version = (await api.get('/version')).as<VersionResponse>();
    for (const one of [version.ApiVersion, version.MinAPIVersion, '1.24', '1.40', '1.41']) {
      assert.equal((await api.get(`/v${one}/version`)).status, 200, one);
      assert.equal((await api.get(`/v${one}/containers/json`)).status, 200, one);
    }
  });

  test('an unknown path and a wrong method are 404 page not found', async () => {
    const { api } = endpoint();
    for (const [method, path] of [['GET', '/nope'], ['GET', '/v1.41/nope/nope'], ['DELETE', '/version'], ['PUT', '/containers/json'], ['GET', '/containers/create']] as const) {
      const reply = await api.call(method, path);
      assert.equal(reply.status, 404, `${method} ${path}`);
      // GET /containers/create is a container named `create` to no route: also page not found.
      assert.equal(reply.message, 'page not found', `${method} ${path}`);
    }
  });

  test('the docker command negotiates and says both versions', async () => {
    const { docker, minor } = endpoint();
    const [client, server] = (await docker.ok('version', '--format', '{{.Client.APIVersion}} {{.Server.APIVersion}}')).split(' ');
    assert.equal(server, `1.${String(minor)}`);
    assert.ok(Number(client?.split('.')[1]) <= minor);
    assert.match(await docker.ok('info', '--format', '{{.ServerVersion}} {{.OSType}} {{.Driver}}'), /^\S+ linux overlay/);
  });

  test('the docker command at an old version of the API works too', async () => {
    const result = await endpoint().docker.run(['run', '--rm', 'busybox', 'echo', 'old'], { env: { DOCKER_API_VERSION: '1.40' } });
    assert.deepEqual([result.code, result.stdout], [0, 'old\n']);
  });
});
