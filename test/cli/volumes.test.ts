import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { STRATA } from './strata-command.ts';

/** `strata volume clone|export|import`. */
describe('data of volumes', { skip: missing({ root: true, tools: ENGINE_TOOLS, filesystems: ['overlay'] }), concurrency: false, timeout: 300_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let strata: DockerCli;
  let scratch: Scratch;
  before(async () => {
    strata = cleanup.use(await DockerCli.create(cleanup.use(await Engine.start()).socketPath, STRATA));
    scratch = cleanup.use(await Scratch.create('volumes'));
  });
  after(() => cleanup.disposeAsync());

  const made = async (...options: string[]): Promise<{ name: string; path: string }> => {
    const name = await strata.ok('volume', 'create', ...options, uniqueName('v'));
    return { name, path: await strata.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', name) };
  };
  const pathOf = (name: string): Promise<string> => strata.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', name);
  const fails = async (text: RegExp, ...args: string[]): Promise<void> => {
    const result: CommandResult = await strata.run(['volume', ...args]);
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, text);
  };
  /** Everything of a tree that a copy must keep. */
  const facts = async (path: string): Promise<string> => (await exec('find', ['.', '-printf', '%p %y %m %U:%G %s %T@ %l %n\n'], { cwd: path })).stdout.split('\n').filter((line) => !/ d /.test(line)).toSorted().join('\n');
  /** Archives say times in seconds. */
  const wholeSeconds = (text: string): string => text.replace(/(?<= \d{10}\.)\d{10}/g, '0000000000');
  const fill = async (path: string): Promise<void> => {
    await mkdir(`${path}/deep/er`, { recursive: true });
    await writeFile(`${path}/deep/er/file`, 'content', { mode: 0o640 });
    await exec('chown', ['123:456', `${path}/deep/er/file`]);
    await exec('ln', [`${path}/deep/er/file`, `${path}/second-name`]);
    await symlink('/etc/passwd', `${path}/link`);
  };

  test('clone: the same data and labels under another name', async () => {
    const source = await made('--label', 'a=b');
    await fill(source.path);
    const to = uniqueName('copy');
    assert.equal(await strata.ok('volume', 'clone', source.name, to), to);
    assert.equal(await facts(await pathOf(to)), await facts(source.path));
    assert.equal(await strata.ok('volume', 'inspect', '-f', '{{json .Labels}}', to), '{"a":"b"}');
    await writeFile(`${await pathOf(to)}/deep/er/file`, 'changed');
    assert.equal(await readFile(`${source.path}/deep/er/file`, 'utf8'), 'content');
    await fails(/a volume \S+ exists already: choose another name/, 'clone', source.name, to);
    await fails(/no such volume/, 'clone', 'no-such-volume', uniqueName('copy'));
  });

  test('export and import: out into an archive and back, compressed too', async () => {
    const source = await made();
    await fill(source.path);
    const archive = scratch.file('data.tar');
    await strata.ok('volume', 'export', '-o', archive, source.name);
    assert.match((await exec('tar', ['-tf', archive])).stdout, /^deep\/er\/file$/m);
    await exec('gzip', ['-k', archive]);
    for (const file of [archive, `${archive}.gz`]) {
      const name = uniqueName('in');
      assert.equal(await strata.ok('volume', 'import', name, file), name);
      assert.equal(await facts(await pathOf(name)), wholeSeconds(await facts(source.path)), file);
    }
    const empty = await made();
    await strata.ok('volume', 'import', empty.name, archive);
    await fails(/volume \S+ is not empty: import into a new one, or empty it first/, 'import', empty.name, archive);
    await fails(/^open \/no\/such\/file: no such file or directory/, 'import', uniqueName('in'), '/no/such/file');
  });

  test('a damaged archive leaves nothing', async () => {
    const source = await made();
    await writeFile(`${source.path}/big`, Buffer.alloc(3_000_000, 1));
    const archive = scratch.file('cut.tar');
    await strata.ok('volume', 'export', '-o', archive, source.name);
    await truncate(archive, 1_000_000);
    const [fresh, empty] = [uniqueName('in'), await made()];
    await fails(/./, 'import', fresh, archive);
    await fails(/no such volume/i, 'inspect', fresh);
    await fails(/./, 'import', empty.name, archive);
    assert.deepEqual(await readdir(empty.path), []);
  });
});
