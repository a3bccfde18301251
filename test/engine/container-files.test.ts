import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { mountsUnder } from '../fixtures/leaks.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const skip = missing({ root: true, tools: [...ENGINE_TOOLS, ...IMAGE_TOOLS, 'docker'], filesystems: ['overlay'] }) || await engineMissing();
const BIG = 24 * 1024 * 1024;

for (const driver of ['overlay', 'native'] as const) {
  describe(`files of containers on ${driver}`, { skip, concurrency: false, timeout: 180_000 }, () => {
    const open = new AsyncDisposableStack();
    let engine: Engine;
    let docker: DockerCli;

    before(async () => {
      const config = open.use(await Scratch.create('cfg')).file('daemon.json');
      await writeFile(config, JSON.stringify({ 'storage-driver': driver }));
      engine = open.use(await Engine.start({ args: ['--config-file', config] }));
      docker = open.use(await DockerCli.create(engine.socketPath));
      await docker.ok('load', '-q', '-i', (await testImages()).busybox);
    });
    after(() => open.disposeAsync());

    const views = async (): Promise<string[]> => [...await readdir(`${engine.execRoot}/v`), ...(await mountsUnder(engine.execRoot)).filter((path) => path.includes('/v/'))];

    test('changes, and an image of them', async () => {
      await docker.ok('run', '--name', 'changed', 'busybox', 'sh', '-c', 'rm /etc/motd; echo >> /etc/passwd; mkdir /new; echo n > /new/f; rm -rf /home/app; mkdir /home/app; echo a > /home/app/a; rm /bin/[; mkdir /bin/[; mv /root /moved');
      const changes = await docker.ok('diff', 'changed');
      assert.deepEqual(changes.split('\n').filter((line) => !line.endsWith('/bin')), ['C /bin/[', 'C /etc', 'D /etc/motd', 'C /etc/passwd', 'C /home', 'C /home/app', 'A /home/app/a', 'A /moved', 'A /new', 'A /new/f', 'D /root']);
      await docker.ok('commit', 'changed', 'kept');
      const look = 'find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -print | grep -v "^/etc/\\(hosts\\|hostname\\|resolv.conf\\)$" | sort | xargs stat -c "%n %F %s %a %u" | grep -v directory; ls -A /home/app /bin/[';
      await docker.ok('run', '--name', 'before', '--entrypoint', 'sh', 'kept', '-c', look);
      assert.match(await docker.ok('logs', 'before'), /\/home\/app\/a regular file 2 644 0/);
      assert.equal(await docker.ok('diff', 'before'), '');
      const [own, made] = await Promise.all(['changed', 'before'].map(async (name) => Buffer.concat(await exported(name)).length));
      assert.equal(made, own);
    });

    test('a container starts, writes and ends while it is read', async () => {
      await docker.ok('create', '--name', 'busy', 'busybox', 'sh', '-c', 'echo written > /written; exec sleep 3000');
      await docker.ok('run', '--name', 'filler', 'busybox', 'sh', '-c', `dd if=/dev/zero of=/big bs=1M count=${BIG / 1024 / 1024} 2>/dev/null`);
      await docker.ok('commit', 'filler', 'big');
      await docker.ok('create', '--name', 'reader', 'big', 'sh', '-c', 'echo written > /written; rm /big; exec sleep 3000');
      const reply = await engine.api.open('GET', '/containers/reader/archive?path=/big');
      assert.equal(reply.status, 200);
      const body = reply.body[Symbol.asyncIterator]();
      let length = ((await body.next()).value as Buffer).length;
      await docker.ok('start', 'reader');
      await waitUntil('the container to write', async () => (await engine.api.call('HEAD', '/containers/reader/archive?path=/written')).status === 200);
      await docker.ok('kill', 'reader');
      assert.equal((await docker.run(['cp', 'reader:/big', '-'])).code, 1);
      await docker.ok('start', 'reader');
      for (let next = await body.next(); next.done !== true; next = await body.next()) length += (next.value as Buffer).length;
      assert.equal(length, BIG + 1536);
      assert.equal((await docker.run(['cp', 'reader:/written', '-'])).stdout.includes('written\n'), true);
      await docker.ok('rm', '-f', 'reader', 'busy');
      await waitUntil('the view to go', async () => (await views()).length === 0);
    });

    for (const how of ['kill9', 'stop'] as const) {
      test(`an engine that ends by ${how} in the middle of an export`, async () => {
        await docker.ok('create', '--name', `left-${how}`, 'big', 'true');
        const reply = await engine.api.open('GET', `/containers/left-${how}/export`);
        await reply.body[Symbol.asyncIterator]().next();
        const comparing = engine.api.open('GET', `/containers/left-${how}/changes`).catch(() => undefined);
        await engine.restart(how);
        (await comparing)?.close();
        reply.close();
        assert.deepEqual(await views(), []);
        assert.equal((await docker.run(['start', '-a', `left-${how}`])).code, 0);
        assert.equal(await docker.ok('diff', `left-${how}`), '');
      });
    }

    async function exported(name: string): Promise<Buffer[]> {
      const reply = await engine.api.get(`/containers/${name}/export`);
      assert.equal(reply.status, 200);
      return [reply.body];
    }
  });
}
