import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { type CommandOptions, type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { Program } from '../fixtures/program.ts';
import { missing, searchPath } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { REGISTRY_TOOLS, RegistryProgram, USER } from '../registry/registry-program.ts';
import { STRATA } from './strata-command.ts';

const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...IMAGE_TOOLS, ...REGISTRY_TOOLS, 'docker'] });
const INDEX_PORT = 5002;
const INDEX = `127.0.0.1:${String(INDEX_PORT)}`;

/** A credential helper that keeps what it is given in files, and writes down what it was asked. `broken` makes it fail, `empty` forget. */
const HELPER = `#!/bin/sh
cd "$HELPER_HOME" || exit 1
input=$(cat)
printf '%s %s\\n' "$1" "$input" >> log
if [ -e broken ]; then echo "out of order"; exit 3; fi
case $1 in
store) printf '%s' "$input" > kept ;;
get) if [ -e kept ]; then cat kept; else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm -f kept ;;
esac
`;

/** `strata` and the docker command, each with a configuration of its own, do the same with the same registry and the same engine. */
describe('strata and docker at a registry', { skip, timeout: 240_000 }, () => {
  const open = new AsyncDisposableStack();
  let scratch: Scratch;
  let registry: RegistryProgram;
  let clients: { name: 'docker' | 'strata'; cli: DockerCli; config: string }[];

  before(async () => {
    const engine = open.use(await Dockerd.start());
    scratch = open.use(await Scratch.create('clir'));
    registry = open.use(await RegistryProgram.start({ network: engine.network, auth: 'htpasswd' }));
    const index = open.use(new Program(engine.network.enter([process.execPath, fileURLToPath(new URL('search-index.ts', import.meta.url)), String(INDEX_PORT)])));
    await waitUntil('the index to listen', () => index.output.includes('listening'));
    const docker = open.use(await DockerCli.create(engine.socketPath));
    const strata = open.use(await DockerCli.create(engine.socketPath, STRATA));
    await docker.ok('load', '-q', '-i', (await testImages()).busybox);
    await docker.ok('login', '-u', USER.username, '-p', USER.password, registry.authority);
    for (const tag of ['1', '2']) await docker.ok('tag', 'busybox', `${registry.authority}/bb:${tag}`);
    await docker.ok('push', '-q', `${registry.authority}/bb:1`);
    clients = [{ name: 'docker', cli: docker, config: scratch.file('docker') }, { name: 'strata', cli: strata, config: scratch.file('strata') }];
    for (const name of ['bin', 'helper']) await mkdir(scratch.file(name));
    await writeFile(scratch.file('bin/docker-credential-files'), HELPER, { mode: 0o755 });
  });
  after(() => open.disposeAsync());

  /** Runs a command line by both, and gives what docker said where both said the same. */
  async function both(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const results: CommandResult[] = [];
    for (const { cli, config } of clients) results.push(plain(await cli.run(args, { ...options, env: { ...options.env, DOCKER_CONFIG: config } }), config));
    const [theirs, ours] = results;
    assert.ok(theirs && ours);
    assert.deepEqual({ ...ours, stdoutBytes: undefined }, { ...theirs, stdoutBytes: undefined }, args.join(' '));
    return theirs;
  }

  /** Both begin with this configuration; undefined for none. */
  async function configure(content: string | undefined): Promise<void> {
    for (const { config } of clients) {
      await rm(config, { recursive: true, force: true });
      await mkdir(config);
      if (content !== undefined) await writeFile(`${config}/config.json`, content);
    }
  }

  const written = async (index: number): Promise<string> => readFile(`${clients[index]?.config ?? ''}/config.json`, 'utf8');

  async function assertSameConfiguration(): Promise<void> {
    assert.equal(await written(1), await written(0));
  }

  test('log in, use it, log out: the same words and the same file', async () => {
    await configure(undefined);
    assert.equal((await both(['login', registry.authority])).stderr, 'Error: Cannot perform an interactive login from a non TTY device\n');
    await both(['login', '-u', USER.username, '--password-stdin', registry.authority], { input: 'wrong\n' });
    assert.match((await both(['login', '-u', USER.username, '--password-stdin', `http://${registry.authority}/v2/`], { input: `${USER.password}\r\n` })).stderr, /stored unencrypted/);
    await assertSameConfiguration();
    for (const { config } of clients) assert.equal((await stat(`${config}/config.json`)).mode & 0o777, 0o600);
    assert.match((await both(['login', registry.authority])).stderr, /^Authenticating with existing credentials\.\.\. \[Username: tester\]/);
    await both(['login', '-u', USER.username, '-p', USER.password, registry.authority]);
    for (const args of [['-p', 'x', '-u', 'y', '--password-stdin'], ['--password-stdin'], ['-p', 'x'], ['-u', 'x']]) assert.equal((await both(['login', ...args, registry.authority], { input: 'x' })).code, 1);
    for (const args of [['push', `${registry.authority}/bb:1`], ['push', '-q', `${registry.authority}/bb:1`], ['push', '-aq', `${registry.authority}/bb`], ['pull', `${registry.authority}/bb:1`], ['pull', '-q', `${registry.authority}/bb:1`], ['pull', '-a', `${registry.authority}/bb`]]) {
      assert.equal((await both(args)).code, 0, args.join(' '));
    }
    for (const args of [['push', '-a', `${registry.authority}/bb:1`], ['push', `${registry.authority}/bb`], ['push', `${registry.authority}/none`], ['push', 'BAD'], ['pull', '-a', `${registry.authority}/bb:1`], ['pull', `${registry.authority}/bb`], ['pull', 'BAD'], ['pull', 'a:b:c'], ['push']]) {
      assert.equal((await both(args)).code, 1, args.join(' '));
    }
    await both(['logout', `https://${registry.authority}`]);
    await assertSameConfiguration();
    await both(['logout', registry.authority]);
    await both(['logout']);
    assert.match((await both(['pull', `${registry.authority}/bb:1`])).stderr, /no basic auth credentials/);
    assert.match((await both(['push', `${registry.authority}/bb:1`])).stderr, /no basic auth credentials/);
  });

  test('a login of one is a login of the other, and what neither knows is kept', async () => {
    const [docker, strata] = clients;
    assert.ok(docker && strata);
    const shared = { DOCKER_CONFIG: scratch.file('shared') };
    await mkdir(scratch.file('shared'));
    await writeFile(scratch.file('real.json'), JSON.stringify({ detachKeys: 'ctrl-e,e', later: { than: ['docker'] }, auths: { 'other.example': { auth: 'YTpi', futureField: 1 } } }));
    await chmod(scratch.file('real.json'), 0o640);
    await symlink('../real.json', scratch.file('shared/config.json'));
    assert.equal((await strata.cli.run(['login', '-u', USER.username, '--password-stdin', registry.authority], { input: USER.password, env: shared })).code, 0);
    const kept: unknown = JSON.parse(await readFile(scratch.file('real.json'), 'utf8'));
    assert.deepEqual(kept, { auths: { 'other.example': { auth: 'YTpi', futureField: 1 }, [registry.authority]: { auth: Buffer.from(`${USER.username}:${USER.password}`).toString('base64') } }, detachKeys: 'ctrl-e,e', later: { than: ['docker'] } });
    assert.equal((await stat(scratch.file('real.json'))).mode & 0o777, 0o640);
    for (const { cli } of clients) assert.equal((await cli.run(['pull', '-q', `${registry.authority}/bb:1`], { env: shared })).code, 0);
    assert.equal((await strata.cli.run(['--config', scratch.file('nowhere'), 'pull', '-q', `${registry.authority}/bb:1`], { env: shared })).code, 1);
    assert.equal((await docker.cli.run(['logout', registry.authority], { env: shared })).code, 0);
    assert.equal((await strata.cli.run(['pull', '-q', `${registry.authority}/bb:1`], { env: shared })).code, 1);
  });

  test('credential helpers', async () => {
    const env = { PATH: [scratch.file('bin'), ...searchPath()].join(':'), HELPER_HOME: scratch.file('helper') };
    const asked = async (): Promise<string> => { const log = await readFile(scratch.file('helper/log'), 'utf8'); await rm(scratch.file('helper/log')); return log; };
    for (const settings of [{ credHelpers: { [registry.authority]: 'files' } }, { credsStore: 'files' }]) {
      await configure(JSON.stringify(settings));
      await both(['login', '-u', USER.username, '-p', USER.password, registry.authority], { env });
      const verbs = (await asked()).trim().split('\n');
      assert.equal(verbs.length, 2);
      assert.equal(verbs[0], `store {"ServerURL":"${registry.authority}","Username":"tester","Secret":"pass:word"}`);
      assert.equal(verbs[1], verbs[0]);
      await assertSameConfiguration();
      assert.ok(!(await written(1)).includes('"auth"'));
      assert.equal((await both(['pull', `${registry.authority}/bb:1`], { env })).code, 0);
      await both(['logout', registry.authority], { env });
      await assertSameConfiguration();
      await asked();
    }
    assert.match((await both(['pull', `${registry.authority}/bb:1`], { env })).stderr, /no basic auth credentials/);
    await both(['login', '-u', USER.username, '-p', USER.password, registry.authority], { env });
    assert.equal((await both(['login', registry.authority], { env })).code, 0);
    await writeFile(scratch.file('helper/broken'), '');
    for (const args of [['pull', `${registry.authority}/bb:1`], ['login', registry.authority], ['login', '-u', USER.username, '-p', USER.password, registry.authority]]) assert.equal((await both(args, { env })).code, 1);
    await rm(scratch.file('helper/broken'));
    await configure(JSON.stringify({ credsStore: 'absent' }));
    assert.match((await clients[1]?.cli.run(['logout', 'x'], { env: { DOCKER_CONFIG: clients[1].config } }))?.stderr ?? '', /^WARNING: could not erase credentials:\nx: error erasing credentials - err: exec: /);
    assert.match((await both(['login', '-u', USER.username, '-p', USER.password, registry.authority])).stderr, /executable file not found in \$PATH/);
  });

  test('a file that cannot be read is told, and never written over', async () => {
    const [, strata] = clients;
    for (const broken of ['{ "auths": ', JSON.stringify({ auths: { x: { auth: 'no base64!' } } })]) {
      await configure(broken);
      const env = { DOCKER_CONFIG: strata?.config ?? '' };
      const pulled = await strata?.cli.run(['pull', `${registry.authority}/bb:1`], { env });
      assert.match(pulled?.stderr ?? '', /^WARNING: Error parsing config file \(.*config\.json\): .*\nError response from daemon: /);
      const tried = await strata?.cli.run(['login', '-u', USER.username, '--password-stdin', registry.authority], { env, input: USER.password });
      assert.match(tried?.stderr ?? '', /is left as it is, because it cannot be read/);
      assert.equal(await written(1), broken);
    }
  });

  test('a password that is typed is not shown', async () => {
    const [, strata] = clients;
    assert.ok(strata);
    await using terminal = await strata.cli.pty(['--config', scratch.file('typed'), 'login', registry.authority]);
    await terminal.expect(/Username: /);
    terminal.type('tester\r');
    await terminal.expect(/Password: /);
    terminal.type('pass:wordx\u007f\r');
    await terminal.expect(/Login Succeeded/);
    assert.ok(!terminal.output.includes('pass'));
    assert.match(await readFile(scratch.file('typed/config.json'), 'utf8'), /"auth"/);
  });

  test('searches', async () => {
    await configure(undefined);
    assert.match((await both(['search', `${INDEX}/nginx`])).stdout, /^NAME +DESCRIPTION +STARS +OFFICIAL/);
    for (const args of [['--no-trunc'], ['--limit', '1'], ['-f', 'is-official=true'], ['-f', 'stars=100'], ['-f', 'is-official=false', '-f', 'stars=1'], ['--format', 'json'], ['--format', '{{.Name}}: {{.StarCount}} {{.IsOfficial}}'], ['--format', 'table {{.Name}}\t{{.Description}}']]) {
      assert.notEqual((await both(['search', ...args, `${INDEX}/nginx`])).stdout, '', args.join(' '));
    }
    await both(['search', `${INDEX}/nothing`]);
    const robots = async (...args: string[]): Promise<string> => await clients[1]?.cli.ok('search', ...args, `${INDEX}/robot`) ?? '';
    assert.equal(await robots(), 'NAME            DESCRIPTION        STARS     OFFICIAL   AUTOMATED\nbuilder/robot   Built by a robot   7                    [OK]');
    assert.equal(await robots('-f', 'is-automated=false', '--format', '{{.Name}}'), '');
    assert.equal(await robots('-f', 'is-automated=true', '--format', '{{.Name}} {{.IsAutomated}}'), 'builder/robot [OK]');
    for (const args of [['--limit', '101', 'x'], ['-f', 'stars=x', 'x'], ['-f', 'what=x', 'x'], ['-f', 'is-official=maybe', 'x'], []]) assert.equal((await both(['search', ...args])).code, 1, args.join(' '));
  });
});

/** Where docker names itself, `strata` names itself; each has a folder of its own. */
function plain(result: CommandResult, config: string): CommandResult {
  const own = (text: string): string => text.replaceAll(config, '<config>').replace(/^docker: /gm, 'strata: ').replace(/'docker /g, "'strata ").replace(/^(Usage: {2})docker/gm, '$1strata');
  return { ...result, stdout: own(result.stdout).replace(/(?:^[0-9a-f]{12}: .*\n)+/gm, sortLines), stderr: own(result.stderr) };
}

/** Layers go in parallel: the order of their lines is nobody's promise. */
function sortLines(lines: string): string {
  return lines.split('\n').toSorted().join('\n');
}
