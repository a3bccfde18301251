import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitBuffer } from '../fixtures/frames.ts';
import { onEveryEndpoint } from './endpoint.ts';

onEveryEndpoint('what every container has', (endpoint) => {
  test('/.dockerenv and /etc/mtab are there, and are no change', async () => {
    const script = 'ls -A / | grep dockerenv; stat -c "%a %s" /.dockerenv; readlink /etc/mtab; test -d /dev/pts && test -d /dev/shm && test -d /proc/self && test -d /sys/kernel && echo all';
    await using container = await endpoint().started({ Cmd: ['sh', '-c', script] });
    assert.equal(await container.wait(), 0);
    const { stdout } = await splitBuffer((await endpoint().api.get(container.at('/logs?stdout=1'))).body);
    assert.equal(stdout.toString(), '.dockerenv\n755 0\n/proc/mounts\nall\n');
    // dockerd says null where nothing has changed.
    assert.deepEqual((await endpoint().api.get(container.at('/changes'))).as<unknown[] | null>() ?? [], []);
  });

  test('they are in an export, not in an image that is made of it', async () => {
    await using container = await endpoint().started({ Cmd: ['sh', '-c', 'echo x > /new'] });
    await container.wait();
    const exported = await endpoint().api.get(container.at('/export'));
    assert.ok(exported.body.includes('.dockerenv') && exported.body.includes('etc/mtab'));
    const reply = await endpoint().api.post(`/commit?container=${container.id}`, {});
    assert.equal(reply.status, 201, reply.text);
    const { Id: image } = reply.as<{ Id: string }>();
    const saved = await endpoint().api.get(`/images/${image}/get`);
    assert.ok(!saved.body.includes('.dockerenv'));
    await endpoint().api.delete(`/images/${image}?force=1`);
  });
});
