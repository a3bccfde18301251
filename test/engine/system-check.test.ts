import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CheckFinding, CheckMessage, CheckSummary } from '../../src/api/wire/check.ts';
import { type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, type TestImages, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Outcome { findings: CheckFinding[]; summary: CheckSummary }

describe('system check', { skip: missing({ root: true, tools: ['docker', ...ENGINE_TOOLS, ...IMAGE_TOOLS, ...REGISTRY_TOOLS], filesystems: ['overlay'] }), concurrency: false, timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;
  let docker: DockerCli;
  let strata: DockerCli;
  let images: TestImages;
  before(async () => {
    images = await testImages();
    engine = cleanup.use(await Engine.start());
    docker = cleanup.use(await DockerCli.create(engine.socketPath));
    strata = cleanup.use(await DockerCli.create(engine.socketPath, [process.execPath, CLI]));
    await docker.ok('load', '-q', '-i', images.busybox);
  });
  after(() => cleanup.disposeAsync());

  const check = async (method: 'GET' | 'POST' = 'GET'): Promise<Outcome> => {
    const reply = await engine.api.call(method, '/strata/system/check');
    assert.equal(reply.status, 200, reply.text);
    const messages = reply.lines<CheckMessage>();
    const summary = messages.at(-1)?.summary;
    assert.ok(summary, reply.text);
    return { findings: messages.flatMap(({ finding }) => finding ?? []), summary };
  };
  const command = (...args: string[]): Promise<CommandResult> => strata.run(['system', 'check', ...args]);
  const data = (...path: string[]): string => join(engine.dataRoot, ...path);
  const blobFiles = (): string[] => readdirSync(data('content/blobs')).flatMap((shelf) => readdirSync(data('content/blobs', shelf)).map((name) => data('content/blobs', shelf, name)));

  test('a whole store has no findings, and the figures are those of the store; the command says so and ends with 0', async () => {
    const { findings, summary } = await check();
    assert.deepEqual(findings, []);
    assert.equal(summary.checked.images, 1);
    assert.equal(summary.checked.blobs, blobFiles().length);
    assert.equal(summary.checked.blobBytes, blobFiles().reduce((sum, path) => sum + statSync(path).size, 0));
    assert.deepEqual(summary.unused, { blobs: 0, snapshots: 0, bytes: 0 });
    assert.match((await command()).stdout, /^1 images, 4 snapshots, .*: all is well\n$/);
  });

  test('containers, running and stopped, are whole too; what a dead one leaves in the kernel is found', async () => {
    await docker.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '1000');
    await docker.ok('create', '--name', 'stopped', 'busybox');
    assert.deepEqual((await check()).findings, []);
    const short = '0123456789abcdef01234567';
    mkdirSync(join(engine.execRoot, 'c', short), { recursive: true });
    mkdirSync(data('containers', short.padEnd(64, '0')));
    assert.deepEqual((await check()).findings.map(({ subject, kind }) => [subject, kind]), [[data('containers', short.padEnd(64, '0')), 'orphan'], [join(engine.execRoot, 'c', short), 'orphan']]);
    const repaired = await check('POST');
    assert.ok(repaired.findings.length === 2 && repaired.findings.every((finding) => finding.repaired), JSON.stringify(repaired.findings));
    assert.deepEqual((await check()).findings, []);
    await docker.ok('rm', '-f', 'runs', 'stopped');
  });

  test('leftovers are found by path, and go with a repair; begun downloads stay', async () => {
    const strays = [data('overlay/999999'), data('content/ingest/half'), data('content/partial/nonsense'), data('content/blobs/zz'), data('content/blobs', '00', 'f'.repeat(64))];
    const resumable = data('content/partial', 'e'.repeat(64));
    mkdirSync(data('overlay/999999/fs'), { recursive: true });
    mkdirSync(data('content/blobs/00'), { recursive: true });
    mkdirSync(data('content/blobs/zz'));
    for (const path of [data('content/ingest/half'), data('content/partial/nonsense'), data('content/blobs', '00', 'f'.repeat(64)), resumable]) writeFileSync(path, 'x');
    assert.deepEqual((await check()).findings.map(({ subject }) => subject).toSorted(), strays.toSorted());
    const { code, stdout } = await command('--repair', '--json');
    assert.equal(code, 1, stdout);
    assert.deepEqual((await check()).findings, []);
    assert.deepEqual([...strays, resumable].filter(existsSync), [resumable]);
    rmSync(resumable);
  });

  test('a damaged blob, a lost blob, lost files of a layer: found, repaired as far as can be, and whole again after the command that is named', async () => {
    await docker.ok('rmi', 'busybox:1', 'busybox:latest');
    await using registry = await RegistryProgram.start({ network: engine.network });
    const name = await registry.publish(`oci-archive:${images.busyboxOci}`, 'busybox:1');
    await docker.ok('pull', name);
    const [first = '', second = ''] = blobFiles().toSorted((a, b) => statSync(b).size - statSync(a).size);
    truncateSync(first, 100);
    rmSync(second);
    const [lowest = ''] = readdirSync(data('overlay')).toSorted((a, b) => Number(a) - Number(b));
    rmSync(data('overlay', lowest), { recursive: true });
    const found = await check();
    const told = found.findings.map(({ step, kind }) => `${step} ${kind}`);
    assert.deepEqual(told, ['snapshots missing', 'blobs damaged', 'images missing', 'images missing']);
    assert.ok(found.findings.slice(1).every(({ remedy }) => remedy === `docker pull ${name}`), JSON.stringify(found.findings));
    assert.match((await command()).stdout, /can be repaired: strata system check --repair/);
    const repaired = await check('POST');
    assert.equal(repaired.findings.filter((finding) => finding.repaired).length, 2);
    assert.ok(repaired.findings.some(({ step, remedy }) => step === 'images' && remedy === `docker pull ${name}`));
    assert.match(await docker.ok('pull', name), /Downloaded newer image|Image is up to date/);
    assert.deepEqual((await check()).findings, []);
    assert.equal(await docker.ok('run', '--rm', '--network', 'none', name, 'cat', '/etc/motd'), 'second layer');
  });
});
