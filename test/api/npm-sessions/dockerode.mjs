// What a program written with dockerode does. Arguments: the engine's socket, a file beside node_modules. Says `session complete` at the end.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';

const [, , socketPath, beside] = process.argv;
const Docker = createRequire(beside)('dockerode');
const docker = new Docker({ socketPath });

assert.equal(String(await docker.ping()), 'OK');
assert.ok((await docker.version()).ApiVersion);
assert.ok((await docker.listImages()).some(({ RepoTags }) => RepoTags?.includes('busybox:latest')));

const [out, err] = [new PassThrough(), new PassThrough()];
const texts = Promise.all([buffer(out), buffer(err)]);
const [end, once] = await docker.run('busybox', ['sh', '-c', 'echo out; echo err >&2; exit 2'], [out, err], { Tty: false });
out.end();
err.end();
assert.deepEqual([end.StatusCode, ...(await texts).map(String)], [2, 'out\n', 'err\n']);
await once.remove();

const volume = await docker.createVolume({});
const container = await docker.createContainer({
  Image: 'busybox', Cmd: ['sh', '-c', 'while :; do echo tick; sleep 0.1; done'], Labels: { client: 'dockerode' }, HostConfig: { Binds: [`${volume.name ?? volume.Name}:/data`] },
});
await container.start();
assert.equal((await container.inspect()).State.Running, true);
const exec = await container.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
const stream = await exec.start({ hijack: true, stdin: true });
const answer = new PassThrough();
container.modem.demuxStream(stream, answer, answer);
stream.on('end', () => answer.end());
stream.write('through cat\n');
stream.end();
assert.equal(String(await buffer(answer)), 'through cat\n');
assert.equal((await exec.inspect()).ExitCode, 0);
const logs = await container.logs({ stdout: true, follow: true });
assert.match(String(await new Promise((resolve) => { logs.once('data', resolve); })), /tick/);
logs.destroy();
assert.ok((await container.stats({ stream: false })).memory_stats.usage > 0);
const tar = await buffer(await container.getArchive({ path: '/etc/motd' }));
await container.putArchive(tar, { path: '/data' });
assert.equal((await container.changes()) === undefined, false);
await container.stop({ t: 0 });
assert.equal((await container.wait()).StatusCode, 137);
await container.remove();
await docker.getVolume(volume.name ?? volume.Name).remove();
await assert.rejects(docker.getContainer('nobody').inspect(), (error) => error.statusCode === 404);
console.log('session complete');
