import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { findTool, missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { treeFacts } from '../fixtures/tree-facts.ts';
import { makeTreeImage, SPARSE_BYTES, type TreeImage } from '../fixtures/tree-image.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { onEveryEndpoint, type TestContainer } from './endpoint.ts';

const why = missing({ tools: [...REGISTRY_TOOLS, 'umoci', 'skopeo', 'tar'] });

onEveryEndpoint('the tree of an image', (endpoint) => {
  let scratch: Scratch;
  let made: TreeImage;
  before(async () => {
    scratch = await Scratch.create('tree');
    made = await makeTreeImage(scratch, { stock: endpoint().kind === 'dockerd' });
  }, { timeout: 60_000 });
  after(() => scratch[Symbol.asyncDispose]());

  /** As a process of a container sees it, through its own root. */
  async function assertShows(container: TestContainer, tops: readonly string[]): Promise<void> {
    const root = `/proc/${String((await container.inspect()).State.Pid)}/root`;
    const expected = treeFacts(made.reference, tops);
    const shown = treeFacts(root, tops);
    assert.ok(expected.size > 25 * tops.length, String(expected.size));
    for (const [path, facts] of expected) assert.equal(shown.get(path), facts, JSON.stringify(path));
    assert.deepEqual([...shown.keys()].filter((path) => !expected.has(path)), []);
    // Holes stay holes; dockerd fills them.
    if (endpoint().kind === 'strata') for (const top of tops.filter((name) => /^(?:gnu|pax)/.test(name))) assert.ok(statSync(`${root}/${top}/sparse`).blocks * 512 < SPARSE_BYTES / 10, top);
    const getcap = findTool('getcap');
    if (getcap !== undefined) assert.match((await exec(getcap, [`${root}/pax1.0/capable`])).stdout, /cap_net_raw[=+]ep/);
  }

  test('loaded: every file is what GNU tar makes of it', async () => {
    const e = endpoint();
    await e.docker.ok('load', '--quiet', '--input', made.archive);
    {
      await using container = await e.started({ Image: 'tree:1' });
      await assertShows(container, made.tops);
    }
    await e.docker.ok('rmi', 'tree:1');
  });

  test('pulled: the same', { skip: why }, async () => {
    const e = endpoint();
    await using registry = await RegistryProgram.start(e.network === undefined ? {} : { network: e.network });
    const pulled = await registry.publish(`docker-archive:${made.archive}`, 'tree:1');
    await e.docker.ok('pull', '--quiet', pulled);
    {
      await using container = await e.started({ Image: pulled });
      await assertShows(container, made.tops);
    }
    await e.docker.ok('rmi', pulled);
  });

  test('copied into a container: the same', async () => {
    await using container = await endpoint().container({ Cmd: ['sleep', '1000'] });
    const put = await endpoint().api.call('PUT', `${container.at('/archive')}?path=/`, { body: readFileSync(scratch.file('image/pax1.0.tar')), headers: { 'Content-Type': 'application/x-tar' } });
    assert.equal(put.status, 200, put.text);
    await container.start();
    await assertShows(container, ['pax1.0']);
  });
});
