import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { exec } from '../../src/base/exec.ts';
import { findTool, missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { treeFacts } from '../fixtures/tree-facts.ts';
import { makeTreeImage, SPARSE_BYTES, type TreeImage } from '../fixtures/tree-image.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { onEveryEndpoint } from './endpoint.ts';

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
  async function assertShows(image: string): Promise<void> {
    await using container = await endpoint().started({ Image: image });
    const root = `/proc/${String((await container.inspect()).State.Pid)}/root`;
    const expected = treeFacts(made.reference, made.tops);
    const shown = treeFacts(root, made.tops);
    assert.ok(expected.size > 150, String(expected.size));
    for (const [path, facts] of expected) assert.equal(shown.get(path), facts, JSON.stringify(path));
    assert.deepEqual([...shown.keys()].filter((path) => !expected.has(path)), []);
    // Holes stay holes; dockerd fills them.
    if (endpoint().kind === 'strata') for (const top of ['gnu', 'pax0.0', 'pax0.1', 'pax1.0']) assert.ok(statSync(`${root}/${top}/sparse`).blocks * 512 < SPARSE_BYTES / 10, top);
    const getcap = findTool('getcap');
    if (getcap !== undefined) assert.match((await exec(getcap, [`${root}/pax1.0/capable`])).stdout, /cap_net_raw[=+]ep/);
  }

  test('loaded: every file is what GNU tar makes of it', async () => {
    const e = endpoint();
    await e.docker.ok('load', '--quiet', '--input', made.archive);
    await assertShows('tree:1');
    await e.docker.ok('rmi', 'tree:1');
  });

  test('pulled: the same', { skip: why }, async () => {
    const e = endpoint();
    await using registry = await RegistryProgram.start(e.network === undefined ? {} : { network: e.network });
    const pulled = await registry.publish(`docker-archive:${made.archive}`, 'tree:1');
    await e.docker.ok('pull', '--quiet', pulled);
    await assertShows(pulled);
    await e.docker.ok('rmi', pulled);
  });
});
