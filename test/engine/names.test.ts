import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { DnsClient } from '../fixtures/dns-client.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const skip = missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...ENGINE_TOOLS], filesystems: ['overlay'] });

/** Open sockets of a process. */
function sockets(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${String(pid)}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

test('names survive the engine: killed, stopped with live-restore; sockets go with their containers', { skip, timeout: 120_000 }, async () => {
  await using engine = await Engine.start({ args: ['--live-restore'] });
  await using docker = await DockerCli.create(engine.socketPath);
  await docker.ok('load', '--quiet', '--input', (await testImages()).busybox);
  await docker.ok('network', 'create', 'nn');
  const before = sockets(engine.pid);
  const run = (name: string, ...more: string[]): Promise<string> => docker.ok('run', '-d', '--name', name, '--network', 'nn', ...more, 'busybox', 'sleep', '1000');
  await run('one', '--network-alias', 'alias');
  await run('two', '--link', 'one:friend');
  const [one = '', pid = ''] = (await docker.ok('inspect', '--format', '{{.NetworkSettings.Networks.nn.IPAddress}} {{.State.Pid}}', 'one', 'two')).split('\n').map((line, index) => line.split(' ')[index]);
  await using client = new DnsClient(Number(pid));
  const known = async (): Promise<string[]> => [await client.addresses('one'), await client.addresses('alias'), await client.addresses('friend')];
  assert.deepEqual(await known(), [one, one, one]);
  for (const how of ['kill9', 'stop'] as const) {
    await engine.restart(how);
    assert.deepEqual(await known(), [one, one, one], `after ${how}`);
  }
  await docker.ok('rm', '--force', 'one', 'two');
  // Connections of clients end some time after their last answer.
  await waitUntil('the sockets of removed containers to go', () => sockets(engine.pid) <= before);
});
