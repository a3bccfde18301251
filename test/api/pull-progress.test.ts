import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ProgressMessage } from '../../src/api/wire/image.ts';
import { missing } from '../fixtures/requirements.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { onEveryEndpoint } from './endpoint.ts';

/** What is told of one layer, in this order; clients wait for some of these words. What runs too fast to be seen is left out by both. */
const ORDER = ['Pulling fs layer', 'Waiting', 'Downloading', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete'];
const ALWAYS = ['Pulling fs layer', 'Download complete', 'Extracting', 'Pull complete'];
const why = missing({ tools: REGISTRY_TOOLS });

onEveryEndpoint('progress of a pull', (endpoint) => {
  let registry: RegistryProgram;
  let name: string;
  before(async () => {
    if (why !== false) return;
    const { network, images } = endpoint();
    registry = await RegistryProgram.start(network === undefined ? {} : { network });
    name = await registry.publish(`oci-archive:${images.busyboxOci}`, 'progress:1');
  });
  after(async () => { if (why === false) await registry[Symbol.asyncDispose](); });

  const pull = async (): Promise<ProgressMessage[]> => {
    const reply = await endpoint().api.post(`/images/create?fromImage=${encodeURIComponent(name.replace(/:1$/, ''))}&tag=1`);
    assert.equal(reply.status, 200, reply.text);
    return reply.lines<ProgressMessage>();
  };

  test('every layer goes through docker\'s states, each after the one before', { skip: why }, async () => {
    const messages = await pull();
    assert.deepEqual([messages[0]?.status, messages[0]?.id], ['Pulling from progress', '1']);
    const ids = new Set(messages.slice(1).flatMap(({ id }) => (id === undefined ? [] : [id])));
    assert.equal(ids.size, 4);
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{12}$/);
      const told = messages.filter((message) => message.id === id);
      const states = told.map(({ status }) => status ?? '').filter((status, index, all) => status !== all[index - 1]);
      const places = states.map((status) => ORDER.indexOf(status));
      assert.ok(places.every((place, index) => place > (places[index - 1] ?? -1)), states.join(', '));
      assert.deepEqual(ALWAYS.filter((status) => !states.includes(status)), [], states.join(', '));
      const last = told.findLast(({ status }) => status === 'Extracting');
      assert.equal(last?.progressDetail?.current, last?.progressDetail?.total);
      assert.match(last?.progress ?? '', /^\[=+>\] +[\d.]+[kM]?B\/[\d.]+[kM]?B$/);
    }
    assert.deepEqual(messages.slice(-2).map(({ status }) => status?.replace(/[0-9a-f]{64}/, 'X')), ['Digest: sha256:X', `Status: Downloaded newer image for ${name}`]);
  });

  test('an image that is here: no word of layers', { skip: why }, async () => {
    const messages = await pull();
    assert.deepEqual(messages.map(({ status }) => status?.replace(/[0-9a-f]{64}/, 'X')), ['Pulling from progress', 'Digest: sha256:X', `Status: Image is up to date for ${name}`]);
  });
});
