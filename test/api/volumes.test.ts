import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { VolumeSummary } from '../../src/api/wire/volume.ts';
import { mountsUnder } from '../fixtures/leaks.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { assertBadRequest, onEveryEndpoint, type Endpoint } from './endpoint.ts';

type Options = Record<string, string>;

/** A volume of a test; disposing removes it. */
async function volume({ api }: Endpoint, options: Options = {}): Promise<AsyncDisposable & { name: string; path: string }> {
  const name = uniqueName('v');
  const reply = await api.post('/volumes/create', { Name: name, DriverOpts: options });
  assert.equal(reply.status, 201, reply.text);
  const { Mountpoint: path } = reply.as<VolumeSummary>();
  return { name, path, [Symbol.asyncDispose]: async () => { assert.equal((await api.delete(`/volumes/${name}`)).status, 204, `${name} cannot be removed`); } };
}

const TMPFS = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,uid=1000' };

onEveryEndpoint('volumes', (endpoint) => {
  const run = (...args: string[]): Promise<string> => endpoint().docker.ok('run', '--rm', ...args);

  test('options that do not fit together are refused', async () => {
    const { api } = endpoint();
    const create = (options: Options): ReturnType<typeof api.post> => api.post('/volumes/create', { Name: 'refused', DriverOpts: options });
    for (const [options, words] of [
      [{ nope: '1' }, 'invalid option: "nope"'], [{ type: 'tmpfs' }, 'missing required option: "device"'], [{ device: 'x' }, 'missing required option: "type"'],
      [{ o: 'bind' }, 'missing required option: "device"'], [{ size: '10m' }, 'quota size requested but no quota support'], [{ size: 'abc' }, "invalid size: 'abc'"],
    ] as const) {
      const reply = await create(options);
      assertBadRequest(endpoint(), reply, JSON.stringify(options));
      assert.equal(reply.message, `create refused: ${words}`);
    }
    assert.equal((await api.get('/volumes/refused')).status, 404);
    const short = await api.post('/volumes/create', { Name: 'a' });
    assert.deepEqual([short.status, short.message], [400, 'create a: volume name is too short, names should be at least two alphanumeric characters']);
    const driver = await api.post('/volumes/create', { Name: 'refused', Driver: 'strata-none' });
    assert.deepEqual([driver.status, driver.message], [404, 'create refused: error looking up volume plugin strata-none: plugin "strata-none" not found']);
  });

  test('a volume that exists is returned as it is', async () => {
    const { api } = endpoint();
    await using made = await volume(endpoint(), TMPFS);
    const again = await api.post('/volumes/create', { Name: made.name, DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=2m' }, Labels: { a: 'b' } });
    assert.equal(again.status, 201);
    assert.deepEqual(again.as<VolumeSummary>().Options, TMPFS);
    assert.deepEqual((await api.get(`/volumes/${made.name}`)).as<VolumeSummary>().Options, TMPFS);
  });

  test('a file system of its own: mounted while a container runs, gone after', async () => {
    await using made = await volume(endpoint(), TMPFS);
    const seen = await run('-v', `${made.name}:/data`, 'busybox', 'sh', '-c', 'df -k /data | tail -1 | tr -s " " | cut -d" " -f1,2,6; stat -c %u /data; touch /data/x; ls /data');
    assert.equal(seen, 'tmpfs 1024 /data\n1000\nx');
    assert.deepEqual(await mountsUnder(made.path), []);
    assert.equal(await run('-v', `${made.name}:/data`, 'busybox', 'ls', '/data'), '');
  });

  test('two containers share it; the first to end takes nothing away', async () => {
    await using made = await volume(endpoint(), TMPFS);
    const HostConfig = { Binds: [`${made.name}:/data`] };
    await using first = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig });
    await using second = await endpoint().started({ Cmd: ['sh', '-c', 'echo shared > /data/f; sleep 1000'], HostConfig });
    await endpoint().docker.ok('exec', first.name, 'sh', '-c', 'until [ -s /data/f ]; do sleep 0.05; done');
    await endpoint().api.post(second.at('/kill'));
    await second.wait();
    assert.equal(await endpoint().docker.ok('exec', first.name, 'cat', '/data/f'), 'shared');
    assert.equal(await run('-v', `${made.name}:/data`, 'busybox', 'cat', '/data/f'), 'shared');
  });

  test('a directory of the machine as a volume, read-only by its options; what cannot be mounted fails the start', async () => {
    await using scratch = await Scratch.create('bound');
    await writeFile(scratch.file('hello'), 'x');
    await using bound = await volume(endpoint(), { type: 'none', device: scratch.path, o: 'bind' });
    await using fixed = await volume(endpoint(), { type: 'none', device: scratch.path, o: 'bind,ro' });
    assert.equal(await run('-v', `${bound.name}:/data`, 'busybox', 'sh', '-c', 'touch /data/new; ls /data'), 'hello\nnew');
    assert.equal(await run('-v', `${fixed.name}:/data`, 'busybox', 'sh', '-c', 'touch /data/other 2>/dev/null || ls /data'), 'hello\nnew');
    await using lost = await volume(endpoint(), { type: 'none', device: '/does/not/exist', o: 'bind' });
    const failed = await endpoint().docker.run(['run', '--rm', '-v', `${lost.name}:/data`, 'busybox', 'true']);
    assert.match(failed.stderr, new RegExp(`error while mounting volume '${lost.path}': failed to mount local volume: mount /does/not/exist:${lost.path}.*: no such file or directory`));
    // Removing a volume takes nothing from the directory behind it.
    await using doomed = await volume(endpoint(), { type: 'none', device: scratch.path, o: 'bind' });
    assert.ok(doomed.name);
    assert.deepEqual((await readdir(scratch.path)).toSorted(), ['hello', 'new']);
  });

  test('--mount makes a volume with options and labels', async () => {
    const name = uniqueName('v');
    const seen = await run('--mount', `type=volume,source=${name},target=/data,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=2m`, 'busybox', 'sh', '-c', 'df -k /data | tail -1 | tr -s " " | cut -d" " -f2');
    assert.equal(seen, '2048');
    const made = (await endpoint().api.get(`/volumes/${name}`)).as<VolumeSummary>();
    assert.deepEqual([made.Options, made.Labels], [{ type: 'tmpfs', device: 'tmpfs', o: 'size=2m' }, { a: 'b' }]);
    assert.equal((await endpoint().api.delete(`/volumes/${name}`)).status, 204);
  });

  test('a new volume over /etc is filled from the image, and the names of the container lie in it', async () => {
    await using made = await volume(endpoint());
    const seen = await run('--hostname', 'here', '-v', `${made.name}:/etc`, 'busybox', 'sh', '-c', 'cat /etc/hostname; head -1 /etc/passwd | cut -d: -f1');
    assert.equal(seen, 'here\nroot');
    assert.match(await readFile(`${made.path}/passwd`, 'utf8'), /^root:/);
    await using empty = await volume(endpoint());
    assert.equal(await run('-v', `${empty.name}:/etc:nocopy`, 'busybox', 'sh', '-c', '[ -e /etc/passwd ] || echo empty'), 'empty');
  });

  test('cp reaches into a volume with a file system of its own, of a container that does not run', async () => {
    await using scratch = await Scratch.create('bound');
    await writeFile(scratch.file('hello'), 'x');
    await using bound = await volume(endpoint(), { type: 'none', device: scratch.path, o: 'bind' });
    await using container = await endpoint().container({ Cmd: ['true'], HostConfig: { Binds: [`${bound.name}:/data`] } });
    await endpoint().docker.ok('cp', `${container.name}:/data/hello`, scratch.file('copied'));
    assert.equal(await readFile(scratch.file('copied'), 'utf8'), 'x');
    assert.deepEqual(await mountsUnder(bound.path), []);
  });
});

onEveryEndpoint('parts of volumes, and images as volumes (API 1.45 and later)', (endpoint) => {
  const mounted = (mount: object, ...command: string[]): ReturnType<Endpoint['container']> => endpoint().container({ Cmd: command, HostConfig: { Mounts: [{ Target: '/data', ...mount }] } });
  const output = async (mount: object, ...command: string[]): Promise<string> => {
    await using container = await mounted(mount, ...command);
    await container.start();
    await container.wait();
    return await endpoint().docker.ok('logs', container.name);
  };

  test('a part of a volume, a file or a directory', async () => {
    await using made = await volume(endpoint());
    await mkdir(`${made.path}/a/b`, { recursive: true });
    await writeFile(`${made.path}/a/b/file`, 'content');
    const part = (Subpath: string): object => ({ Type: 'volume', Source: made.name, VolumeOptions: { Subpath } });
    assert.equal(await output(part('a/b'), 'ls', '/data'), 'file');
    assert.equal(await output(part('a/b/file'), 'cat', '/data'), 'content');
    assert.equal(await output(part('a/./b/../b'), 'ls', '/data'), 'file');
  });

  test('a part never leads out of its volume', async () => {
    const { api } = endpoint();
    await using made = await volume(endpoint());
    await symlink('/', `${made.path}/root`);
    await symlink('../../../..', `${made.path}/up`);
    const part = (Subpath: string): object => ({ Type: 'volume', Source: made.name, VolumeOptions: { Subpath } });
    for (const Subpath of ['/etc', '..', '../x', 'a/../../x']) {
      const reply = await api.post('/containers/create', { Image: 'busybox', HostConfig: { Mounts: [{ Target: '/data', ...part(Subpath) }] } });
      assert.deepEqual([reply.status, reply.message], [400, 'invalid mount config for type "volume": subpath must be a relative path within the volume'], Subpath);
    }
    // A symlink is followed as one who lives in the volume would follow it.
    assert.equal(await output(part('root'), 'ls', '/data'), 'root\nup');
    assert.equal(await output(part('up'), 'ls', '/data'), 'root\nup');
    await using missing = await mounted(part('none'), 'true');
    const reply = await api.post(missing.at('/start'));
    assert.equal(reply.status, 400);
    assert.match(reply.message, new RegExp(`^cannot access path ${made.path}/none: `));
    const anonymous = await api.post('/containers/create', { Image: 'busybox', HostConfig: { Mounts: [{ Target: '/data', Type: 'volume', VolumeOptions: { Subpath: 'a' } }] } });
    assert.equal(anonymous.status, 400);
  });

  test('an image as a volume: what a container writes there is its own', async () => {
    const { api, docker } = endpoint();
    await docker.ok('tag', 'busybox', 'mounted-image');
    await using container = await mounted({ Type: 'image', Source: 'mounted-image' }, 'sh', '-c', 'ls /data | head -2; echo mine > /data/own; cat /data/etc/passwd | head -1 | cut -d: -f1; sleep 1000');
    await container.start();
    assert.equal(await docker.ok('exec', container.name, 'sh', '-c', 'until [ -s /data/own ]; do sleep 0.05; done; cat /data/own'), 'mine');
    assert.equal(await output({ Type: 'image', Source: 'mounted-image', ImageOptions: { Subpath: 'etc' } }, 'sh', '-c', '[ -e /data/passwd ] && [ ! -e /data/own ] && echo part'), 'part');
    assert.equal((await container.inspect()).Mounts[0]?.Type, 'image');
    assert.equal((await api.delete('/images/mounted-image')).status, 200, 'one of two names goes');
    await api.post(container.at('/kill'));
    await container.wait();
    await using scratch = await Scratch.create('own');
    await docker.ok('cp', `${container.name}:/data/own`, scratch.file('own'));
    assert.equal(await readFile(scratch.file('own'), 'utf8'), 'mine\n');
  });

  test('an image that is not there', async () => {
    const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', HostConfig: { Mounts: [{ Target: '/data', Type: 'image', Source: 'no-such-image' }] } });
    assert.equal(reply.status, 404);
  });
}, ['strata', 'other']);
