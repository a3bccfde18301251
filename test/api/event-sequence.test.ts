import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { nextMoment } from '../fixtures/next-moment.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { onEveryEndpoint, type Endpoint } from './endpoint.ts';

/** What every event of containers of the busybox image carries. */
const IMAGE = 'image=busybox';
const IMAGE_LABEL = 'org.strata.test=busybox';

/** `type action key=value …` of what has happened while `work` ran; ids by the names that `names` has for them, random values left out. */
const told = async ({ api }: Endpoint, names: ReadonlyMap<string, string>, work: () => Promise<void>): Promise<string[]> => {
  const since = await nextMoment();
  await work();
  const past = await api.get(`/v1.41/events?since=${since.toFixed(3)}&until=${(Date.now() / 1000 + 0.001).toFixed(3)}`, { timeoutMs: 10_000 });
  return past.lines<EventMessage>().map(({ Type, Action, Actor }) => {
    const attributes = Object.entries(Actor.Attributes).filter(([key]) => !['execID', 'execDuration'].includes(key));
    assert.deepEqual(attributes, [...attributes].sort(([a], [b]) => (a < b ? -1 : 1)), 'attributes are in the order of their names');
    return [Type, Action.trim(), names.get(Actor.ID) ?? Actor.ID, ...attributes.map(([key, value]) => `${key}=${names.get(value) ?? value}`)].join(' ');
  });
};

onEveryEndpoint('what each event says', (endpoint) => {
  test('a container from its creation to its removal', async () => {
    const { api } = endpoint();
    const [network, volume] = [uniqueName('n'), uniqueName('v')];
    const id = (await api.post('/networks/create', { Name: network })).as<{ Id: string }>().Id;
    await api.post('/volumes/create', { Name: volume });
    await using container = await endpoint().container({
      Cmd: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'], Tty: true, Labels: { l: '1' }, HostConfig: { Binds: [`${volume}:/data:ro`], NetworkMode: network },
    }, 'first');
    const names = new Map([[container.id, 'ID'], [id, 'NET'], [network, 'n'], [volume, 'v']]);
    const of = (action: string, ...attributes: string[]): string => ['container', action, 'ID', ...[...attributes, IMAGE, 'l=1', IMAGE_LABEL].sort()].join(' ');
    const up = ['network connect NET container=ID name=n type=bridge', 'volume mount v container=ID destination=/data driver=local propagation= read/write=false'];
    const down = ['network disconnect NET container=ID name=n type=bridge', 'volume unmount v container=ID driver=local'];

    assert.deepEqual(await told(endpoint(), names, () => container.start()), [...up, of('start', 'name=first')]);
    assert.deepEqual(await told(endpoint(), names, async () => {
      const exec = (await api.post(container.at('/exec'), { Cmd: ['sh', '-c', 'exit 3'], AttachStdout: true })).as<{ Id: string }>().Id;
      await api.post(`/exec/${exec}/start`, {});
      await api.get(container.at('/top'));
      await api.post(container.at('/pause'));
      await api.post(container.at('/unpause'));
      await api.post(container.at('/rename?name=second'));
      await api.post(container.at('/resize?h=30&w=100'));
      await api.post(container.at('/kill?signal=WINCH'));
    }), [
      of('exec_create: sh -c exit 3', 'name=first'), of('exec_start: sh -c exit 3', 'name=first'), of('exec_die', 'exitCode=3', 'name=first'),
      of('top', 'name=first'), of('pause', 'name=first'), of('unpause', 'name=first'), of('rename', 'name=second', 'oldName=/first'),
      of('resize', 'height=30', 'name=second', 'width=100'), of('kill', 'name=second', 'signal=28'),
    ]);
    const killed = [of('kill', 'name=second', 'signal=15'), of('kill', 'name=second', 'signal=9'), of('die', 'exitCode=137', 'name=second'), ...down];
    assert.deepEqual(await told(endpoint(), names, async () => { await api.post(container.at('/restart?t=0')); }), [...killed, of('stop', 'name=second'), ...up, of('start', 'name=second'), of('restart', 'name=second')]);
    assert.deepEqual(await told(endpoint(), names, async () => { await api.post(container.at('/stop?t=0')); }), [...killed, of('stop', 'name=second')]);
    assert.deepEqual(await told(endpoint(), names, async () => {
      await container.start();
      await api.post(container.at('/kill'));
      await container.remove();
    }), [...up, of('start', 'name=second'), of('kill', 'name=second', 'signal=9'), of('die', 'exitCode=137', 'name=second'), ...down, of('destroy', 'name=second')]);
    assert.deepEqual(await told(endpoint(), names, async () => {
      await api.delete(`/volumes/${volume}`);
      await api.delete(`/networks/${id}`);
    }), ['volume destroy v driver=local', 'network destroy NET name=n type=bridge']);
  });

  test('creation: a volume and a network of its own, attach, out of memory, removal by itself', async () => {
    const { api, docker } = endpoint();
    const name = uniqueName('oom');
    const bridge = (await api.get('/networks/bridge')).as<{ Id: string }>().Id;
    const events = await told(endpoint(), new Map([[bridge, 'BRIDGE'], [name, 'oom']]), async () => {
      await docker.run(['run', '--rm', '--name', name, '--memory', '10m', '--volume', '/anonymous', 'busybox', 'sh', '-c', 'tail /dev/zero']);
    });
    const [volume, container] = [/^volume create (\S+)/, /^container create (\S+)/].map((pattern) => events.map((event) => pattern.exec(event)?.[1]).find((id) => id !== undefined) ?? '');
    assert.match(volume ?? '', /^[0-9a-f]{64}$/);
    const plain = events.map((event) => event.replaceAll(volume ?? '-', 'VOL').replaceAll(container ?? '-', 'ID').replace(` ${IMAGE} name=oom ${IMAGE_LABEL}`, ''));
    assert.deepEqual(plain, [
      'volume create VOL driver=local', 'container create ID', 'container attach ID', 'network connect BRIDGE container=ID name=bridge type=bridge',
      'volume mount VOL container=ID destination=/anonymous driver=local propagation= read/write=true', 'container start ID', 'container oom ID', 'container die ID exitCode=137',
      'network disconnect BRIDGE container=ID name=bridge type=bridge', 'volume unmount VOL container=ID driver=local', 'volume destroy VOL driver=local', 'container destroy ID',
    ]);
  });

  test('a start that fails has no die', async () => {
    const bridge = (await endpoint().api.get('/networks/bridge')).as<{ Id: string }>().Id;
    await using container = await endpoint().container({ Cmd: ['nonexistent'] });
    const events = await told(endpoint(), new Map([[container.id, 'ID'], [bridge, 'BRIDGE']]), async () => { await endpoint().api.post(container.at('/start')); });
    assert.deepEqual(events, ['connect', 'disconnect'].map((action) => `network ${action} BRIDGE container=ID name=bridge type=bridge`));
  });

  test('images: load, tag, save, untag, delete', async () => {
    const { api, docker, images } = endpoint();
    const tag = uniqueName('evseq').toLowerCase();
    const events = await told(endpoint(), new Map([[`${tag}:latest`, 'TAG']]), async () => {
      await docker.ok('load', '--quiet', '--input', images.noshell);
      await api.post(`/images/noshell/tag?repo=${tag}&tag=latest`);
      await api.get(`/images/${tag}/get`);
      await api.delete(`/images/${tag}`);
      await api.delete('/images/noshell');
    });
    const id = /sha256:\S+/.exec(events[0] ?? '')?.[0] ?? '-';
    assert.deepEqual(events.map((event) => event.replaceAll(id, 'ID')).filter((event) => !event.startsWith('image create')), [
      'image load ID name=ID', 'image tag ID name=TAG', 'image save ID name=ID', 'image untag ID name=ID', 'image untag ID name=ID', 'image delete ID name=ID',
    ]);
  });

  test('prune says what came back', async () => {
    const { api } = endpoint();
    const events = await told(endpoint(), new Map(), async () => {
      for (const kind of ['containers', 'volumes', 'networks', 'images']) assert.equal((await api.post(`/${kind}/prune`)).status, 200);
    });
    assert.deepEqual(events.filter((event) => event.includes(' prune ')).map((event) => event.replace(/\d+$/, 'N')), ['container', 'volume', 'network', 'image'].map((type) => `${type} prune  reclaimed=N`));
  });

  test('since API 1.52 the client chooses how records are told apart', async (context) => {
    if (endpoint().minor < 52) { context.skip('since API 1.52'); return; }
    const { api } = endpoint();
    const of = async (accept: string): Promise<[string | undefined, string]> => {
      const reply = await api.get(`/v1.52/events?since=1&until=${(Date.now() / 1000).toFixed(3)}`, { headers: { accept } });
      return [reply.headers['content-type'], reply.text];
    };
    assert.equal((await of('*/*'))[0], 'application/jsonl');
    assert.equal((await of('application/x-ndjson'))[0], 'application/x-ndjson');
    const [type, text] = await of('application/jsonl;q=0.1, application/json-seq');
    assert.equal(type, 'application/json-seq');
    const records = text.split('\u001e').slice(1);
    assert.ok(records.length > 0 && records.every((record) => record.endsWith('\n') && 'Type' in (JSON.parse(record) as object)));
    // The old duplicates of a container's and an image's fields are gone.
    assert.ok(records.every((record) => !('status' in (JSON.parse(record) as object))));
  });
});
