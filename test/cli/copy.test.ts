import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { Limiter } from '../../src/base/limiter.ts';
import { INTO, LIST, numbered, OUT_OF, SOURCE, TARGET } from '../api/copy-cases.ts';
import { type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { STRATA } from './strata-command.ts';

const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...IMAGE_TOOLS, 'docker'] });

/** Refused before anything is copied. */
const REFUSED = [
  ['cp'], ['cp', 'a'], ['cp', 'a', 'b'], ['cp', 'box:/a', 'box:/b'], ['cp', '', 'box:/b'], ['cp', 'box:/etc/passwd', '/nowhere/x'], ['cp', '-', 'box:/etc/passwd'], ['cp', '/etc/passwd', 'none:/x'],
  ['cp', 'none:/x', '/tmp'], ['cp', 'box:/etc/passwd', '/dev/null'], ['cp', '--bogus', 'a', 'b'], ['diff'], ['diff', 'none'], ['export', 'none'], ['export', '-o', '/nowhere/x', 'none'], ['commit'], ['commit', 'none'],
];

/** docker's packer complains of a pipe that docker itself has closed. */
function plainErrors(text: string): string {
  return text.replaceAll(/^time=.* level=error .*closed pipe.*\n/gm, '');
}

describe('strata and docker copy the same', { skip, timeout: 600_000 }, () => {
  const open = new AsyncDisposableStack();
  const commands = new Map<string, DockerCli>();
  let host: Scratch;

  before(async () => {
    const engine = open.use(await Dockerd.start());
    commands.set('docker', open.use(await DockerCli.create(engine.socketPath)));
    commands.set('strata', open.use(await DockerCli.create(engine.socketPath, STRATA)));
    host = open.use(await Scratch.create('cp'));
    await command('docker').ok('load', '-q', '-i', (await testImages()).busybox);
    await command('docker').ok('run', '-d', '--name', 'box', 'busybox', 'sleep', '3000');
  });
  after(() => open.disposeAsync());

  function command(name: string): DockerCli {
    const found = commands.get(name);
    assert.ok(found);
    return found;
  }

  const inContainer = (directory: string, script: string): Promise<string> => command('docker').ok('exec', 'box', 'sh', '-c', `mkdir -p ${directory}; cd ${directory}; ${script}`);
  const onHost = async (directory: string, script: string): Promise<string> => {
    await mkdir(host.file(directory), { recursive: true });
    return (await exec('sh', ['-c', script], { cwd: host.file(directory) })).stdout.trim();
  };

  for (const [direction, cases] of [['into', INTO], ['out of', OUT_OF]] as const) {
    describe(`${direction} a container`, () => {
      const results = new Map<string, CommandResult[]>();
      const found = new Map<string, string>();
      before(async () => {
        const limiter = new Limiter(4);
        for (const name of commands.keys()) {
          const home = `${name}-${direction.replace(' ', '-')}`;
          const [makeSource, makeTarget] = direction === 'into' ? [onHost, inContainer] : [inContainer, onHost];
          const [from, to] = direction === 'into' ? [`source-${home}`, `/target-${home}`] : [`/source-${home}`, `target-${home}`];
          await makeSource(from, numbered(cases.length, SOURCE));
          await makeTarget(to, numbered(cases.length, TARGET));
          const place = (path: string): string => (path.startsWith('/') ? `box:${path}` : host.file(path));
          results.set(name, await Promise.all(cases.map(([args], index) => limiter.run(() => command(name).run(['cp', ...args.map((arg) => arg.replace(/^h(?=\/)/, place(`${from}/${index}`)).replace(/^c(?=\/)/, place(`${to}/${index}`)))])))));
          found.set(name, await makeTarget(to, LIST));
        }
      });

      for (const [index, [args]] of cases.entries()) {
        test(args.join(' '), () => {
          const [docker, strata] = [...results.values()].map((all) => all[index]).map((result) => result && { code: result.code, stdout: result.stdout, stderr: plainErrors(result.stderr.replaceAll(/(docker|strata)-(into|out-of)/g, 'X')) });
          assert.deepEqual(strata, docker);
        });
      }

      test('what is there afterwards', () => { assert.equal(found.get('strata'), found.get('docker')); });
    });
  }

  for (const args of REFUSED) {
    test(`${args.join(' ')} is refused`, async () => {
      const [docker, strata] = [await command('docker').run(args), await command('strata').run(args)];
      const plain = (text: string): string => text.replaceAll(/\bdocker\b/g, 'strata').replace(/^\nUsage:[^]*/m, '');
      assert.deepEqual([strata.code, strata.stdout, plain(strata.stderr)], [docker.code, docker.stdout, plain(docker.stderr)]);
    });
  }

  test('a tar by standard input and output, and its owners with -a', async () => {
    const out = await command('strata').run(['cp', 'box:/etc', '-']);
    assert.equal(out.code, 0, out.stderr);
    const [docker, strata] = await Promise.all(['docker', 'strata'].map(async (name) => {
      await inContainer(`/pipe-${name}`, 'true');
      const { code, stdout, stderr } = await command(name).run(['cp', '-a', '-', `box:/pipe-${name}`], { input: out.stdoutBytes });
      return { code, stdout, stderr: stderr.replaceAll(name, 'X'), found: await inContainer(`/pipe-${name}/etc`, 'find . -type f | sort | xargs stat -c "%n %u %a %s"') };
    }));
    assert.deepEqual(strata, docker);
    assert.match(strata?.found ?? '', /passwd/);
  });

  test('the outcome, where it is asked for', async () => {
    for (const args of [['/etc/passwd', 'box:/tmp/x'], ['box:/etc/passwd', host.file('y')], ['box:/bin/', host.file('bin')], ['/etc/passwd', 'box:/no/such']]) {
      const [docker, strata] = [await command('docker').run(['cp', '--quiet=false', ...args]), await command('strata').run(['cp', '--quiet=false', ...args])];
      assert.deepEqual([strata.code, strata.stdout, strata.stderr], [docker.code, docker.stdout, docker.stderr]);
    }
  });

  test('-q says nothing', async () => {
    assert.deepEqual(await command('strata').run(['cp', '-q', 'box:/etc/passwd', host.file('quiet')]).then(({ code, stdout, stderr }) => ({ code, stdout, stderr })), { code: 0, stdout: '', stderr: '' });
    assert.match(await readFile(host.file('quiet'), 'utf8'), /^root:/);
  });

  test('diff and export', async () => {
    const lines = (text: string): string[] => text.split('\n').sort();
    assert.deepEqual(lines(await command('strata').ok('diff', 'box')), lines(await command('docker').ok('diff', 'box')));
    await command('strata').ok('export', '-o', host.file('strata.tar'), 'box');
    await command('docker').ok('export', '-o', host.file('docker.tar'), 'box');
    assert.ok((await readFile(host.file('strata.tar'))).equals(await readFile(host.file('docker.tar'))));
    assert.equal((await stat(host.file('strata.tar'))).mode & 0o777, 0o600);
    const piped = await command('strata').run(['export', 'box']);
    assert.ok(piped.stdoutBytes.equals(await readFile(host.file('docker.tar'))));
  });

  test('commit', async () => {
    const id = await command('strata').ok('commit', '-m', 'patched', '-a', 'Ada', '-c', 'ENV A=b', '-c', 'CMD ["true"]', '--pause=false', 'box', 'kept:one');
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await command('docker').ok('image', 'inspect', '--format', '{{.Id}} {{.Comment}} {{.Author}} {{json .Config.Env}} {{.Config.Cmd}}', 'kept:one'), `${id} patched Ada ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=b"] [true]`);
  });
});
