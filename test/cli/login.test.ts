import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { onEveryEndpoint } from '../api/endpoint.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { RegistryProgram, USER } from '../registry/registry-program.ts';
import { TokenServer } from '../registry/token-server.ts';
import { STRATA } from './strata-command.ts';

const REFUSED = /unauthorized: incorrect username or password/;

onEveryEndpoint('login at a registry with a token server', (endpoint) => {
  const open = new AsyncDisposableStack();
  let tokens: TokenServer;
  let registry: RegistryProgram;
  let scratch: Scratch;
  let clients: { name: string; cli: DockerCli }[];

  before(async () => {
    const { network, docker } = endpoint();
    scratch = open.use(await Scratch.create('login'));
    tokens = open.use(await TokenServer.start(network));
    registry = open.use(await RegistryProgram.start({ ...(network ? { network } : {}), auth: { realm: tokens.realm, certificate: tokens.certificate } }));
    clients = [{ name: 'docker', cli: docker }, { name: 'strata', cli: open.use(await DockerCli.create(endpoint().api.socketPath, STRATA)) }];
  });
  after(() => open.disposeAsync());

  test('POST /auth: an identity token for the right password, 401 for a wrong one', async () => {
    const { api } = endpoint();
    tokens.requests.length = 0;
    const good = await api.post('/auth', { ...USER, serveraddress: registry.authority });
    assert.equal(good.status, 200, good.text);
    assert.deepEqual(good.as(), { Status: 'Login Succeeded', IdentityToken: 'identity' });
    const offline = tokens.requests.filter(({ query }) => query.get('offline_token') === 'true');
    assert.ok(offline.length > 0);
    for (const { method, query, authorization } of offline) {
      assert.deepEqual([method, query.get('service'), query.get('account'), query.get('client_id')], ['GET', 'test', USER.username, 'docker']);
      assert.equal(authorization, `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`);
    }
    for (const form of ['specification', 'hub'] as const) {
      tokens.refusal = form;
      const bad = await api.post('/auth', { ...USER, password: 'wrong', serveraddress: registry.authority });
      // Of a refusal in the specification's form dockerd 20.10 has the words, and takes it for a failure of its own.
      const status = form === 'specification' && endpoint().kind === 'dockerd' ? bad.status === 500 || bad.status === 401 : bad.status === 401;
      assert.ok(status && REFUSED.test(bad.message), `${form}: ${String(bad.status)} ${bad.text}`);
    }
    // What the identity token stands for is a login too.
    const again = await api.post('/auth', { username: USER.username, identitytoken: 'identity', serveraddress: registry.authority });
    assert.equal(again.status, 200, again.text);
    assert.equal((await api.post('/auth', { username: USER.username, identitytoken: 'stolen', serveraddress: registry.authority })).status, 401);
  });

  test('the commands keep the identity token and not the password, and push and pull with it', async () => {
    for (const { name, cli } of clients) {
      const env = { DOCKER_CONFIG: scratch.file(name) };
      const login = (password: string): ReturnType<DockerCli['run']> => cli.run(['login', '-u', USER.username, '--password-stdin', registry.authority], { env, input: password });
      const refused = await login('wrong');
      assert.equal(refused.code, 1, name);
      assert.match(refused.stderr, REFUSED, name);
      await assert.rejects(readFile(scratch.file(`${name}/config.json`)), { code: 'ENOENT' }, name);
      const accepted = await login(USER.password);
      assert.deepEqual([accepted.code, /Login Succeeded/.test(accepted.stdout)], [0, true], accepted.stderr);
      const kept = await readFile(scratch.file(`${name}/config.json`), 'utf8');
      assert.match(kept, /"identitytoken": "identity"/, name);
      assert.ok(!kept.includes(Buffer.from(`${USER.username}:${USER.password}`).toString('base64')), name);
      tokens.requests.length = 0;
      const image = `${registry.authority}/${name}:1`;
      for (const args of [['tag', 'busybox', image], ['push', '-q', image], ['rmi', image], ['pull', '-q', image]]) {
        const result = await cli.run(args, { env });
        assert.equal(result.code, 0, `${name} ${args.join(' ')}: ${result.stderr}`);
      }
      assert.ok(tokens.requests.length > 0);
      assert.ok(tokens.requests.every(({ method, form }) => method === 'POST' && form.get('refresh_token') === 'identity'), name);
    }
  });
});
