import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBadRequest, onEveryEndpoint } from './endpoint.ts';

onEveryEndpoint('what containers share', (endpoint) => {
  const run = async (...args: string[]): Promise<string> => endpoint().docker.ok('run', '--rm', ...args);

  test('the network of another: addresses, ports, name and files', async () => {
    await using donor = await endpoint().started({ Cmd: ['sleep', '1000'], Hostname: 'donor' });
    const show = 'hostname; ip -4 addr show eth0 | grep -o "inet [0-9.]*"; grep donor /etc/hosts';
    const own = await endpoint().docker.ok('exec', donor.id, 'sh', '-c', show);
    assert.equal(await run('--network', `container:${donor.name}`, 'busybox', 'sh', '-c', show), own);
    await using guest = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: `container:${donor.name}` } });
    const shown = await guest.inspect();
    assert.equal(shown.HostConfig.NetworkMode, `container:${donor.id}`);
    assert.deepEqual([shown.NetworkSettings.Networks, shown.Config.Hostname], [{}, 'donor']);
    assert.equal(shown.HostsPath, (await donor.inspect()).HostsPath);
  });

  test('processes, and memory if it is shareable', async () => {
    await using donor = await endpoint().started({ Cmd: ['sh', '-c', 'echo shared > /dev/shm/file; exec sleep 1234'], HostConfig: { IpcMode: 'shareable' } });
    await using plain = await endpoint().started({ Cmd: ['sleep', '1000'] });
    assert.match(await run('--pid', `container:${donor.name}`, 'busybox', 'ps'), /\b1 root +sleep 1234/);
    await using guest = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { IpcMode: `container:${donor.name}` } });
    assert.equal(await endpoint().docker.ok('exec', guest.id, 'cat', '/dev/shm/file'), 'shared');
    const refused = await endpoint().docker.run(['run', '--rm', '--ipc', `container:${plain.name}`, 'busybox', 'true']);
    assert.match(refused.stderr, /can't join IPC of container [0-9a-f]{64}: non-shareable IPC \(hint: use IpcMode:shareable for the donor container\)/);
    assert.notEqual(refused.code, 0);
  });

  test('what is shared with one that does not run, or is not there', async () => {
    await using donor = await endpoint().container({ Cmd: ['true'] });
    const start = async (host: object): Promise<string> => {
      await using container = await endpoint().container({ Cmd: ['true'], HostConfig: host });
      const reply = await endpoint().api.post(container.at('/start'));
      assert.ok(reply.status >= 400);
      return reply.message;
    };
    assert.equal(await start({ NetworkMode: `container:${donor.name}` }), `cannot join network of a non running container: ${donor.id}`);
    assert.match(await start({ PidMode: `container:${donor.name}` }), new RegExp(`${donor.id}(?: is not running)?$`));
    assert.equal(await start({ IpcMode: `container:${donor.name}` }), `can't join IPC of container ${donor.id}: container ${donor.id} is not running`);
    assert.equal(await start({ NetworkMode: 'container:nobody' }), 'No such container: nobody');
    for (const host of [{ PidMode: 'container:nobody' }, { IpcMode: 'container:nobody' }, { VolumesFrom: ['nobody'] }]) {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', HostConfig: host });
      assertBadRequest(endpoint(), reply);
      assert.equal(reply.message, 'No such container: nobody');
    }
  });

  test('namespaces of the machine', async () => {
    const namespaces = async (...args: string[]): Promise<Record<string, string>> => {
      const lines = (await run(...args, 'busybox', 'sh', '-c', 'for n in pid uts ipc net cgroup; do echo $n $(readlink /proc/self/ns/$n); done')).split('\n');
      return Object.fromEntries(lines.map((line) => line.split(' ')).map(([kind = '', target = '']) => [kind, target]));
    };
    const [own, host] = [await namespaces(), await namespaces('--pid', 'host', '--uts', 'host', '--ipc', 'host', '--network', 'host', '--cgroupns', 'host', '--userns', 'host')];
    for (const kind of ['pid', 'uts', 'ipc', 'net']) assert.notEqual(own[kind], host[kind], kind);
    assert.notEqual((await namespaces('--cgroupns', 'private'))['cgroup'], host['cgroup']);
    assert.equal(await run('--ipc', 'none', 'busybox', 'sh', '-c', 'grep -c " /dev/shm " /proc/mounts || true'), '0');
  });

  test('volumes of another, read-only too', async () => {
    await using donor = await endpoint().container({ Cmd: ['true'], Volumes: { '/data': {} }, HostConfig: { Binds: ['/etc:/host-etc:ro'] } });
    assert.equal(await run('--volumes-from', donor.name, 'busybox', 'sh', '-c', 'echo kept > /data/file; ls -d /host-etc'), '/host-etc');
    assert.equal(await run('--volumes-from', `${donor.name}:ro`, 'busybox', 'sh', '-c', 'cat /data/file; touch /data/x 2>/dev/null || echo read-only'), 'kept\nread-only');
    await using taker = await endpoint().container({ Cmd: ['true'], HostConfig: { VolumesFrom: [donor.id] } });
    const facts = async (container: typeof donor): Promise<unknown> => (await container.inspect()).Mounts.map((mount) => [mount.Destination, mount.Source, mount.RW]).sort();
    assert.deepEqual(await facts(taker), await facts(donor));
    const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', HostConfig: { VolumesFrom: [`${donor.name}:some`] } });
    assertBadRequest(endpoint(), reply);
    assert.match(reply.message, /^invalid mode: some$/i);
  });

  test('links: names, variables, and their end', async () => {
    await using child = await endpoint().started({ Cmd: ['sleep', '1000'], Env: ['COLOUR=red'], ExposedPorts: { '90/tcp': {} } });
    await using parent = await endpoint().started({ Cmd: ['sleep', '1000'], HostConfig: { Links: [`${child.name}:db`] } });
    const inside = async (command: string): Promise<string> => endpoint().docker.ok('exec', parent.id, 'sh', '-c', command);
    const address = (await endpoint().docker.ok('exec', child.id, 'hostname', '-i')).trim();
    assert.equal(await inside("awk '$2 == \"db\" { print $1 }' /etc/hosts"), address);
    const env = (await inside('tr "\\0" "\\n" < /proc/1/environ')).split('\n');
    for (const entry of [`DB_NAME=/${parent.name}/db`, `DB_PORT=tcp://${address}:90`, `DB_PORT_90_TCP_ADDR=${address}`, 'DB_PORT_90_TCP_PROTO=tcp', 'DB_ENV_COLOUR=red']) assert.ok(env.includes(entry), entry);
    assert.deepEqual((await parent.inspect()).HostConfig.Links, [`/${child.name}:/${parent.name}/db`]);
    assert.equal(await endpoint().docker.ok('ps', '--no-trunc', '--filter', `id=${child.id}`, '--format', '{{.Names}}'), [child.name, `${parent.name}/db`].join(','));
    // A start with another address is told to who runs.
    await endpoint().api.post(child.at('/kill'));
    await using squatter = await endpoint().started({ Cmd: ['sleep', '1000'] });
    await child.start();
    assert.ok(squatter.id);
    assert.equal(await inside("awk '$2 == \"db\" { print $1 }' /etc/hosts"), (await endpoint().docker.ok('exec', child.id, 'hostname', '-i')).trim());
    await endpoint().docker.ok('rm', '--link', `${parent.name}/db`);
    assert.equal((await parent.inspect()).HostConfig.Links, null);
  });

  test('a link to one that does not run, or is not there', async () => {
    await using child = await endpoint().container({ Cmd: ['true'] });
    await using parent = await endpoint().container({ Cmd: ['true'], HostConfig: { Links: [`${child.name}:db`] } });
    assert.equal((await endpoint().api.post(parent.at('/start'))).message, `Cannot link to a non running container: /${child.name} AS /${parent.name}/db`);
    const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', HostConfig: { Links: ['nobody:x'] } });
    assertBadRequest(endpoint(), reply);
    assert.equal(reply.message, 'could not get container for nobody: No such container: nobody');
  });
});
