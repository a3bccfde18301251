import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { Limiter } from '../../src/base/limiter.ts';
import type { CommandResult } from '../fixtures/docker-cli.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { INTO, LIST, numbered, OUT_OF, SOURCE, TARGET } from './copy-cases.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

onEveryEndpoint('docker cp', (endpoint) => {
  const open = new AsyncDisposableStack();
  let container: TestContainer;
  let host: Scratch;

  before(async () => {
    container = open.use(await endpoint().started({ Cmd: ['sleep', '3000'] }));
    host = open.use(await Scratch.create('cp'));
  });
  after(() => open.disposeAsync());

  const inContainer = (directory: string, script: string): Promise<string> => endpoint().docker.ok('exec', container.id, 'sh', '-c', `mkdir -p ${directory}; cd ${directory}; ${script}`);
  const onHost = async (directory: string, script: string): Promise<string> => {
    await mkdir(host.file(directory), { recursive: true });
    return (await exec('sh', ['-c', script], { cwd: host.file(directory) })).stdout;
  };

  const directions = [
    { title: 'into a container', cases: INTO, source: (index: number) => host.file(`in/${index}`), target: (index: number) => `${container.name}:/in/${index}`, makeSource: onHost, makeTarget: inContainer, home: 'in', root: '/in' },
    { title: 'out of a container', cases: OUT_OF, source: (index: number) => `${container.name}:/out/${index}`, target: (index: number) => host.file(`out/${index}`), makeSource: inContainer, makeTarget: onHost, home: '/out', root: 'out' },
  ];

  for (const { title, cases, source, target, makeSource, makeTarget, home, root } of directions) {
    describe(title, () => {
      let results: CommandResult[];
      let found: string[];
      before(async () => {
        await makeSource(home, numbered(cases.length, SOURCE));
        await makeTarget(root, numbered(cases.length, TARGET));
        const limiter = new Limiter(4);
        results = await Promise.all(cases.map(([args], index) => limiter.run(() => endpoint().docker.run(['cp', ...args.map((arg) => arg.replace(/^h(?=\/)/, source(index)).replace(/^c(?=\/)/, target(index)))]))));
        found = (await makeTarget(root, LIST)).trim().split('\n');
      });

      for (const [index, [args, expected]] of cases.entries()) {
        test(args.join(' '), () => {
          const { code, stderr } = results[index] ?? { code: -1, stderr: '' };
          if (typeof expected === 'string') {
            assert.equal(code, 0, stderr);
            assert.ok(found.includes(`${index}/${expected}`), found.filter((line) => line.startsWith(`${index}/`)).join(' '));
          } else {
            assert.notEqual(code, 0);
            assert.match(stderr, expected);
          }
        });
      }
    });
  }

  test('a tar by standard input and output', async () => {
    await inContainer('/pipe', 'mkdir sub; echo P > sub/p');
    const out = await endpoint().docker.run(['cp', `${container.name}:/pipe/sub`, '-']);
    assert.equal(out.code, 0, out.stderr);
    assert.equal((await endpoint().docker.run(['cp', '-', `${container.name}:/tmp`], { input: out.stdoutBytes })).code, 0);
    assert.equal(await inContainer('/tmp', 'cat sub/p'), 'P');
    assert.match((await endpoint().docker.run(['cp', '-', `${container.name}:/pipe/sub/p`], { input: out.stdoutBytes })).stderr, /must be a directory|not a directory/);
  });

  test('a large file both ways', async () => {
    await writeFile(host.file('large'), Buffer.alloc(50_000_001, 'large'));
    await endpoint().docker.ok('cp', host.file('large'), `${container.name}:/tmp/large`);
    await endpoint().docker.ok('cp', `${container.name}:/tmp/large`, host.file('again'));
    await symlink('large', host.file('llarge'));
    await exec('cmp', [host.file('llarge'), host.file('again')]);
  });
});
