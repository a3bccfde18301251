import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerConfig } from '../../src/api/wire/container.ts';
import type { Reply } from '../fixtures/http.ts';
import { nextMoment } from '../fixtures/next-moment.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { assertBadRequest, onEveryEndpoint, type TestContainer } from './endpoint.ts';

interface Inspect { Id: string; Parent: string; Comment: string; Author: string; RepoTags: string[]; Config: ContainerConfig; RootFS: { Layers: string[] } }

onEveryEndpoint('commit', (endpoint) => {
  let container: TestContainer;
  before(async () => {
    container = await endpoint().started({ Cmd: ['sh', '-c', 'sleep 3000'], Env: ['FROM=container'], Labels: { from: 'container' }, WorkingDir: '/tmp' });
    await endpoint().docker.ok('exec', container.id, 'sh', '-c', 'echo new > /new; ln /new /hard; rm /etc/motd; rm -rf /home/app; mkdir /home/app; echo a > /home/app/a; chown 5:6 /home/app/a; chmod 4755 /home/app/a; mkdir /root/deep; touch "/root/deep/$(printf "\\377")"');
  });
  after(() => container.remove());

  const commit = (query: string, config?: ContainerConfig, of = container.id): Promise<Reply> => endpoint().api.post(`/commit?container=${of}&${query}`, config);
  const inspect = async (name: string): Promise<Inspect> => {
    const reply = await endpoint().api.get(`/images/${name}/json`);
    assert.equal(reply.status, 200, reply.text);
    return reply.as<Inspect>();
  };
  const made = async (reply: Promise<Reply>): Promise<Inspect> => {
    const { status, text, ...rest } = await reply;
    assert.equal(status, 201, text);
    const { Id } = JSON.parse(text || rest.body.toString()) as { Id: string };
    assert.match(Id, /^sha256:[0-9a-f]{64}$/);
    return inspect(Id);
  };

  test('an image over the one before: layer, parent, history, config', async () => {
    const name = uniqueName('img');
    const base = await inspect('busybox');
    const image = await made(commit(`repo=${name}&tag=one&comment=hello%20there&author=Ada`));
    assert.deepEqual([image.Parent, image.Comment, image.Author, image.RepoTags], [base.Id, 'hello there', 'Ada', [`${name}:one`]]);
    assert.deepEqual(image.RootFS.Layers.slice(0, -1), base.RootFS.Layers);
    const { Cmd, Env, Labels, WorkingDir } = image.Config;
    assert.deepEqual([Cmd, Env?.includes('FROM=container'), Labels?.['from'], WorkingDir], [['sh', '-c', 'sleep 3000'], true, 'container', '/tmp']);
    const [step] = (await endpoint().api.get(`/images/${name}:one/history`)).as<{ CreatedBy: string; Comment: string; Size: number }[]>();
    assert.deepEqual([step?.CreatedBy, step?.Comment, step?.Size], ['sh -c sleep 3000', 'hello there', 6]);
  });

  test('what a container of it sees is what the container saw', async () => {
    const name = uniqueName('img');
    await made(commit(`repo=${name}`));
    const facts = 'cd /; stat -c "%n %u %g %a %s %h" new hard home/app/a; ls -A home/app root/deep | wc -l; ls etc/motd; cat new';
    const seen = (await endpoint().docker.run(['exec', '-w', '/', container.id, 'sh', '-c', facts])).stdout;
    assert.equal((await endpoint().docker.run(['run', '--rm', name, 'sh', '-c', facts])).stdout, seen);
    assert.match(seen, /^new 0 0 644 4 2\n/);
    // Nothing that a start made to mount something on has become part of the layer.
    const layer = await endpoint().docker.ok('run', '--name', uniqueName('c'), name, 'true').then(() => endpoint().docker.ok('run', '--rm', '--network', 'none', name, 'ls', '-A', '/etc'));
    assert.ok(!layer.includes('motd'));
  });

  test('changes, a config of the request, and no name', async () => {
    const changed = await made(commit(`changes=${encodeURIComponent('ENV A=b\nCMD ["echo", "x"]')}&changes=${encodeURIComponent('LABEL l=m')}&changes=${encodeURIComponent('WORKDIR /srv')}`));
    assert.deepEqual([changed.Config.Cmd, changed.Config.Env?.includes('A=b'), changed.Config.Env?.includes('FROM=container'), changed.Config.Labels?.['l'], changed.Config.WorkingDir], [['echo', 'x'], true, true, 'm', '/srv']);
    assert.equal(changed.RepoTags.length, 0);
    const given = await made(commit('', { Env: ['X=y'], Cmd: ['zz'], Labels: { l: 'm' } }));
    assert.deepEqual([given.Config.Cmd, given.Config.Env?.[0], given.Config.Env?.includes('FROM=container'), given.Config.Labels?.['l'], given.Config.Labels?.['from']], [['zz'], 'X=y', true, 'm', 'container']);
    const entry = await made(commit(`changes=${encodeURIComponent('ENTRYPOINT ["top"]')}`));
    assert.deepEqual([entry.Config.Entrypoint, entry.Config.Cmd ?? []], [['top'], []]);
  });

  test('refusals', async () => {
    assert.equal((await endpoint().api.post('/commit?container=no-such')).status, 404);
    assert.equal((await endpoint().api.post('/commit?repo=x')).status, 400);
    for (const query of ['repo=UPPER', 'repo=foo&tag=b@d', 'changes=RUN%20x', 'changes=BOGUS%20x']) assertBadRequest(endpoint(), await commit(query), query);
  });

  test('paused meanwhile, unless it is not to be; events in order', async () => {
    // One of its own: what went before must not be among its events.
    await using own = await endpoint().started({ Cmd: ['sleep', '1000'] });
    const since = await nextMoment();
    const name = uniqueName('img');
    await made(commit(`repo=${name}&tag=t&comment=c&pause=1`, undefined, own.id));
    await made(commit('pause=0', undefined, own.id));
    assert.equal((await own.inspect()).State.Status, 'running');
    const reply = await endpoint().api.get(`/events?since=${since.toFixed(3)}&until=${(Date.now() / 1000 + 0.5).toFixed(3)}&filters=${encodeURIComponent(JSON.stringify({ container: [own.id], event: ['pause', 'unpause', 'commit'] }))}`);
    const events = reply.lines<{ Action: string; Actor: { Attributes: Record<string, string> } }>();
    // When it goes on does not matter to anybody: it need not wait for the image.
    assert.deepEqual(events.map(({ Action }) => Action).toSorted(), ['commit', 'commit', 'pause', 'unpause']);
    const told = events.find(({ Action }) => Action === 'commit')?.Actor.Attributes;
    assert.deepEqual([told?.['comment'], told?.['imageRef'], told?.['imageID']], ['c', `${name}:t`, (await inspect(`${name}:t`)).Id]);
  });

  test('a container that does not run, and one that was paused before', async () => {
    await using stopped = await endpoint().container({ Cmd: ['sh', '-c', 'echo x > /x'] });
    await made(commit('', undefined, stopped.id));
    await stopped.start();
    await stopped.wait();
    const image = await made(commit('', undefined, stopped.id));
    assert.equal(await endpoint().docker.ok('run', '--rm', image.Id, 'cat', '/x'), 'x');
    assert.equal((await endpoint().api.post(container.at('/pause'))).status, 204);
    await made(commit(''));
    assert.equal((await container.inspect()).State.Status, 'paused');
    assert.equal((await endpoint().api.post(container.at('/unpause'))).status, 204);
  });
});
