import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { type TarEntry, textOfName } from '../../src/engine/archive/tar-entry.ts';
import { readTar } from '../../src/engine/archive/tar-reader.ts';
import type { Reply } from '../fixtures/http.ts';
import { type RawEntry, rawTar } from '../fixtures/raw-tar.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { type Endpoint, onEveryEndpoint, type TestContainer } from './endpoint.ts';

const LINK = 2 ** 27;
const DIRECTORY = 2 ** 31;
const FIFO = 2 ** 25;

interface PathStat { name: string; size: number; mode: number; mtime: string; linkTarget: string }

const TREE = 'mkdir -p /d/sub; echo hi > /d/f; chown 5:6 /d/f; chmod 4750 /d/f; ln -s f /d/l; ln /d/f /d/m-hard; ln -s /d /ld; ln -s ../../../d/sub /rel; ln -s nowhere /dang; ln -s loop /loop; mkfifo /d/fifo; echo v > /vol/v';

onEveryEndpoint('archive', (endpoint) => {
  let container: TestContainer;
  before(async () => {
    container = await endpoint().started({ Cmd: ['sleep', '3000'], HostConfig: { Binds: [`${uniqueName('vol')}:/vol`] } });
    await endpoint().docker.ok('exec', container.id, 'sh', '-c', TREE);
  });
  after(() => container.remove());

  const at = (path: string, more = ''): string => container.at(`/archive?path=${encodeURIComponent(path)}${more}`);
  const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> => endpoint().api.get(at(path), { headers });
  const put = (path: string, archive: Uint8Array, more = ''): Promise<Reply> => endpoint().api.call('PUT', at(path, more), { body: archive, headers: { 'content-type': 'application/x-tar' } });
  const inside = (script: string): Promise<string> => endpoint().docker.ok('exec', container.id, 'sh', '-c', script);

  describe('what a path is', () => {
    const cases: [path: string, name: string, type: number, linkTarget?: string][] = [
      ['/d', 'd', DIRECTORY], ['/d/', 'd', DIRECTORY], ['/d/.', '.', DIRECTORY], ['/', '/', DIRECTORY], ['.', '.', DIRECTORY], ['d/f', 'f', 0], ['/d/l', 'l', LINK, '/d/f'],
      ['/ld', 'ld', LINK, '/d'], ['/ld/', 'ld', DIRECTORY], ['/ld/.', '.', DIRECTORY], ['/ld/f', 'f', 0], ['/rel', 'rel', LINK, '/d/sub'], ['/dang', 'dang', LINK, '/nowhere'],
      ['/d/fifo', 'fifo', FIFO], ['/../../d/f', 'f', 0], ['/d/sub/..', 'd', DIRECTORY], ['/vol/v', 'v', 0], ['/proc', 'proc', DIRECTORY],
    ];
    for (const [path, name, type, linkTarget = ''] of cases) {
      test(path, async () => {
        const head = await endpoint().api.call('HEAD', at(path));
        assert.equal(head.status, 200);
        assert.equal(head.body.length, 0);
        const stat = statOf(head);
        assert.deepEqual([stat.name, stat.mode & ~0o7777 & 0xffffffff, stat.linkTarget], [name, (type & ~0o7777) + (path.endsWith('f') ? 2 ** 23 : 0) & 0xffffffff, linkTarget]);
        assert.match(stat.mtime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
        if (path.endsWith('/f')) assert.deepEqual([stat.size, stat.mode & 0o777], [3, 0o750]);
        const whole = await get(path);
        assert.equal(whole.headers['x-docker-container-path-stat'], head.headers['x-docker-container-path-stat']);
        assert.equal(whole.headers['content-type'], 'application/x-tar');
      });
    }
  });

  test('what a path is not', async () => {
    for (const path of ['/nope', '/nope/', '/dang/', '/proc/1', '/nope/x']) {
      const reply = await get(path);
      assert.equal(reply.status, 404, path);
      assert.match(reply.message, /^Could not find the file .* in container /);
      assert.equal((await endpoint().api.call('HEAD', at(path))).status, 404, path);
    }
    for (const path of ['/d/f/', '/d/f/.', '/d/f/x', '/loop', '/loop/x']) assertRefused(endpoint(), await get(path), 400, path);
    assert.equal((await endpoint().api.get(container.at('/archive'))).status, 400);
    assert.equal((await endpoint().api.get(container.at('/archive?path='))).status, 400);
    assert.equal((await endpoint().api.get('/containers/no-such/archive?path=/')).status, 404);
  });

  test('names, owners, links and content of a directory', async () => {
    const found = await members(await get('/d'));
    assert.deepEqual(found.map(line), [
      'directory d/ 755 0:0', 'file d/f 4750 5:6 hi\n', 'fifo d/fifo 644 0:0', 'symlink d/l 777 0:0 -> f', 'hardlink d/m-hard 4750 5:6 -> d/f', 'directory d/sub/ 755 0:0',
    ]);
    assert.deepEqual((await members(await get('/ld/.'))).map(({ entry }) => textOfName(entry.name)), ['./', './f', './fifo', './l', './m-hard', './sub/']);
    assert.deepEqual((await members(await get('/ld/'))).map(({ entry }) => textOfName(entry.name)).slice(0, 2), ['ld/', 'ld/f']);
    assert.deepEqual((await members(await get('/ld'))).map(line), ['symlink ld 777 0:0 -> /d']);
    assert.deepEqual((await members(await get('/vol'))).map(line), ['directory vol/ 755 0:0', 'file vol/v 644 0:0 v\n']);
    const root = (await members(await get('/'))).map(({ entry }) => textOfName(entry.name));
    assert.deepEqual([root[0], root.includes('/etc/passwd'), root.includes('/proc/1/')], ['/', true, false]);
  });

  test('names that are no UTF-8, long names, holes', async () => {
    await inside(`mkdir /odd; touch "/odd/$(printf 'a\\377b')" /odd/${'n'.repeat(200)}; truncate -s 3000000 /odd/hole; printf end >> /odd/hole`);
    const found = await members(await get('/odd'));
    assert.deepEqual(found.map(({ entry }) => entry.name).sort(), ['odd/', 'odd/a\xffb', 'odd/hole', `odd/${'n'.repeat(200)}`].sort());
    const hole = found.find(({ entry }) => entry.name === 'odd/hole');
    assert.deepEqual([hole?.body.length, hole?.body.subarray(-4).toString('latin1')], [3000003, '\0end']);
    assert.equal((await put('/tmp', await bytesOf(await get('/odd')))).status, 200);
    assert.equal(await inside('cd /odd; find . | sort > /tmp/one; cd /tmp/odd; find . | sort | cmp - /tmp/one && cmp /odd/hole /tmp/odd/hole && echo same'), 'same');
  });

  test('compressed for whoever asks', async () => {
    const plain = (await get('/d/sub')).body;
    const gzip = await get('/d/sub', { 'accept-encoding': 'gzip' });
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(gzip.body), plain);
    const deflate = await get('/d/sub', { 'accept-encoding': 'deflate' });
    assert.deepEqual(inflateRawSync(deflate.body), plain);
  });

  describe('writing', () => {
    const one: RawEntry = { name: 'one', body: '1\n', uid: 77, mode: 0o640 };

    test('owner, mode and time are kept; symlinks to the directory are followed', async () => {
      for (const path of ['/w', '/lw', '/lw/.', 'w/']) {
        await inside('rm -rf /w; mkdir /w; ln -sfn /w /lw');
        assert.equal((await put(path, rawTar([one]))).status, 200, path);
        assert.equal(await inside('stat -c "%u %a %Y" /w/one; cat /w/one'), '77 640 1700000000\n1', path);
      }
      assert.equal((await put('/w', gzipSync(rawTar([{ ...one, name: 'zipped' }])))).status, 200);
      assert.equal(await inside('cat /w/zipped'), '1');
    });

    test('directories are merged, everything else is replaced', async () => {
      await inside('rm -rf /w; mkdir -p /w/a/b /w/c/x /tmp/away; echo old > /w/a/old; echo kept > /tmp/away/kept; ln -s /tmp/away /w/link; ln -s /tmp/away/kept /w/file');
      assert.equal((await put('/w', rawTar([{ name: 'a', type: '5', mode: 0o700 }, { name: 'a/new', body: 'n' }, { name: 'c', body: 'file' }, { name: 'link', type: '5' }, { name: 'file', body: 'mine' }, { name: 'deep/er', body: 'd' }]))).status, 200);
      assert.equal(await inside('cd /w; cat a/old a/new c file deep/er; stat -c %a a; ls -A link; cat /tmp/away/kept; ls -A /tmp/away'), 'old\nnfileminedd700\nkept\nkept'.replace('dd', 'd'));
    });

    test('noOverwriteDirNonDir keeps kinds', async () => {
      await inside('rm -rf /w; mkdir -p /w/dir; echo f > /w/file');
      assertRefused(endpoint(), await put('/w', rawTar([{ name: 'dir', body: 'x' }]), '&noOverwriteDirNonDir=1'), 400);
      assertRefused(endpoint(), await put('/w', rawTar([{ name: 'file', type: '5' }]), '&noOverwriteDirNonDir=true'), 400);
      assert.equal(await inside('cat /w/file; test -d /w/dir && echo dir'), 'f\ndir');
    });

    test('refusals', async () => {
      await inside('rm -rf /w; mkdir /w; echo f > /w/f');
      assert.equal((await put('/nope', rawTar([one]))).status, 404);
      assert.equal((await put('/dang', rawTar([one]))).status, 404);
      const refused = await put('/d/f', rawTar([one]));
      assertRefused(endpoint(), refused, 400);
      assert.match(refused.message, /extraction point is not a directory/);
      assertRefused(endpoint(), await put('/d/f/x', rawTar([one])), 400);
      assertRefused(endpoint(), await put('/loop', rawTar([one])), 400);
      assert.equal((await endpoint().api.call('PUT', container.at('/archive'), { body: rawTar([one]) })).status, 400);
      assertRefused(endpoint(), await put('/w', Buffer.from('no tar at all '.repeat(100))), 400);
      assertRefused(endpoint(), await put('/w', rawTar([{ ...one, size: 100_000 }], false)), 400);
      assertRefused(endpoint(), await put('/w', rawTar([{ name: 'f/under', body: 'x' }])), 400);
      assert.equal((await put('/w', Buffer.alloc(0))).status, 200);
    });

    test('why an archive is refused is told while it is still being sent', async () => {
      await inside('rm -rf /w; mkdir -p /w/dir');
      const large = rawTar([{ name: 'dir', body: 'x' }, { name: 'large', body: Buffer.alloc(30_000_000) }]);
      const reply = await put('/w', large, '&noOverwriteDirNonDir=1');
      assertRefused(endpoint(), reply, 400);
      assert.match(reply.message, /cannot overwrite directory/);
    });

    test('archives that would lead out', async () => {
      await inside('rm -rf /w /outside; mkdir /w /outside; echo safe > /outside/canary');
      for (const hostile of [
        [{ name: '../outside/evil', body: 'x' }], [{ name: 'a/../../outside/evil', body: 'x' }], [{ name: 'h', type: '1', link: '../outside/canary' }, { name: 'h', body: 'x' }],
      ] satisfies RawEntry[][]) assertRefused(endpoint(), await put('/w', rawTar(hostile)), 400, JSON.stringify(hostile));
      // An absolute name starts in the directory too.
      assert.equal((await put('/w', rawTar([{ name: '/outside/evil', body: 'x' }]))).status, 200);
      assert.equal(await inside('cat /outside/canary; ls -A /outside /w/outside'), 'safe\n/outside:\ncanary\n\n/w/outside:\nevil');
    });

    test('copyUIDGID gives all to the user of the container', async () => {
      await using other = await endpoint().started({ Cmd: ['sleep', '3000'], User: '1000' });
      const reply = await endpoint().api.call('PUT', other.at('/archive?path=/tmp&copyUIDGID=1'), { body: rawTar([{ name: 'd', type: '5', uid: 7 }, { name: 'd/f', body: 'x', uid: 7 }]) });
      // dockerd 20.10 looks the user up on the machine that it runs on, and fails where there is none.
      if (reply.status !== 200) { assert.equal(endpoint().kind, 'dockerd'); return; }
      assert.equal(await endpoint().docker.ok('exec', other.id, 'stat', '-c', '%u', '/tmp/d', '/tmp/d/f'), '1000\n1000');
    });
  });

  test('a container that does not run: its files, and its volumes', async () => {
    const volume = uniqueName('vol');
    await using stopped = await endpoint().container({ Cmd: ['cat', '/vol/one', '/tmp/two'], HostConfig: { Binds: [`${volume}:/vol`, `${volume}:/ro:ro`] } });
    const into = (path: string, name: string): Promise<Reply> => endpoint().api.call('PUT', stopped.at(`/archive?path=${path}`), { body: rawTar([{ name, body: `${name}\n` }]) });
    assert.equal((await into('/vol', 'one')).status, 200);
    assert.equal((await into('/tmp', 'two')).status, 200);
    const readOnly = await into('/ro', 'three');
    assertRefused(endpoint(), readOnly, 403);
    assert.equal(readOnly.message, 'mounted volume is marked read-only');
    assert.deepEqual((await members(await endpoint().api.get(stopped.at('/archive?path=/ro')))).map(line), ['directory ro/ 755 0:0', 'file ro/one 644 0:0 one\n']);
    await stopped.start();
    assert.equal(await stopped.wait(), 0);
    assert.equal(await endpoint().docker.ok('logs', stopped.id), 'one\ntwo');
    assert.equal((await endpoint().api.call('HEAD', stopped.at('/archive?path=/tmp/two'))).status, 200);
  });

  test('a read-only root file system takes nothing, its volumes do', async () => {
    for (const started of [false, true]) {
      await using container = await endpoint().container({ Cmd: ['sleep', '3000'], HostConfig: { ReadonlyRootfs: true, Binds: [`${uniqueName('vol')}:/vol`] } });
      if (started) await container.start();
      const into = (path: string): Promise<Reply> => endpoint().api.call('PUT', container.at(`/archive?path=${path}`), { body: rawTar([{ name: 'x', body: 'x' }]) });
      assertRefused(endpoint(), await into('/tmp'), 403);
      assert.equal((await into('/vol')).status, 200);
    }
  });

  test('what was changed', async () => {
    await using changed = await endpoint().container({ Cmd: ['sh', '-c', 'rm /etc/motd; echo >> /etc/passwd; mkdir -p /new/deep; echo > /new/deep/f; rm -rf /home/app; mkdir /home/app; chmod 700 /root; touch -h /bin/sh; exec true'] });
    await changed.start();
    await changed.wait();
    const reply = await endpoint().api.get(changed.at('/changes'));
    assert.equal(reply.status, 200);
    const shown = reply.as<{ Path: string; Kind: number }[]>().map(({ Path, Kind }) => `${'CAD'.charAt(Kind)} ${Path}`);
    // dockerd tells siblings in any order.
    assert.deepEqual(shown.toSorted((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1)), [
      'C /bin', 'C /bin/sh', 'C /etc', 'D /etc/motd', 'C /etc/passwd', 'C /home', 'C /home/app', 'A /new', 'A /new/deep', 'A /new/deep/f', 'C /root',
    ]);
    assert.ok(shown.indexOf('A /new') < shown.indexOf('A /new/deep/f') && shown.indexOf('C /etc') < shown.indexOf('D /etc/motd'));
    assert.equal((await endpoint().api.get('/containers/no-such/changes')).status, 404);
  });

  test('export: everything but what is mounted', async () => {
    await inside('echo mine > /root/mine');
    const reply = await endpoint().api.get(container.at('/export'));
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'application/octet-stream');
    const found = await members(reply);
    const names = found.map(({ entry }) => textOfName(entry.name));
    for (const name of ['bin/busybox', 'etc/passwd', 'root/mine', 'vol/', 'proc/', 'dev/', 'etc/hosts', 'd/m-hard']) assert.ok(names.includes(name), name);
    for (const name of ['vol/v', 'proc/1/', 'dev/null', './', '/']) assert.ok(!names.includes(name), name);
    assert.equal(found.find(({ entry }) => entry.name === 'root/mine')?.body.toString(), 'mine\n');
    assert.equal(found.find(({ entry }) => entry.name === 'etc/hosts')?.body.length, 0);
    assert.equal((await endpoint().api.get('/containers/no-such/export')).status, 404);
    await using created = await endpoint().container({ Cmd: ['true'] });
    assert.ok((await members(await endpoint().api.get(created.at('/export')))).some(({ entry }) => entry.name === 'bin/busybox'));
  });

  test('a client that goes away in the middle leaves nothing behind', async () => {
    await inside('dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null');
    for (const path of [at('/big'), container.at('/export')]) {
      const reply = await endpoint().api.open('GET', path);
      assert.equal(reply.status, 200);
      await reply.body[Symbol.asyncIterator]().next();
      reply.close();
    }
    await inside('rm /big');
    assert.equal((await get('/d/f')).status, 200);
  });
});

/** What is the caller's fault. dockerd before 23.0 (API 1.41 and older) calls much of it its own: 500. */
function assertRefused(endpoint: Endpoint, reply: Reply, status: number, what = ''): void {
  assert.ok(reply.status === status || (endpoint.kind === 'dockerd' && reply.status === 500), `${what}: ${String(reply.status)} ${reply.text}`);
  assert.notEqual(reply.message, '', what);
}

function statOf(reply: Reply): PathStat {
  return JSON.parse(Buffer.from(reply.headers['x-docker-container-path-stat'] ?? '', 'base64').toString()) as PathStat;
}

async function members(reply: Reply): Promise<{ entry: TarEntry; body: Buffer }[]> {
  assert.equal(reply.status, 200, reply.text.slice(0, 500));
  const found: { entry: TarEntry; body: Buffer }[] = [];
  for await (const { entry, body } of readTar(one(reply.body))) found.push({ entry, body: Buffer.concat(await Array.fromAsync(body)) });
  return found;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function bytesOf(reply: Reply): Promise<Buffer> {
  return reply.body;
}

function line({ entry, body }: { entry: TarEntry; body: Buffer }): string {
  const { type, name, mode, uid, gid, linkName } = entry;
  return `${type} ${textOfName(name)} ${mode.toString(8)} ${uid}:${gid}${linkName === '' ? '' : ` -> ${textOfName(linkName)}`}${body.length === 0 ? '' : ` ${body.toString()}`}`;
}
