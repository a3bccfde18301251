import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { findTool, missing } from '../fixtures/requirements.ts';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

const skip = missing({ tools: ['docker-compose'] });

/** Five services: two networks, a shared volume, an order with a health check in it, an environment file, aliases, a limit. */
const PROJECT = `
version: "2.4"
services:
  store:
    image: busybox
    command: sh -c 'echo store is up; until cat /data/seed; do sleep 0.1; done; exec httpd -f -p 80 -h /data'
    healthcheck: {test: ["CMD", "cat", "/data/seed"], interval: 1s, timeout: 20s}
    volumes: ["data:/data"]
    networks: [back]
    depends_on: [seed]
  seed:
    image: busybox
    command: sh -c 'echo seeded > /data/seed; echo seed done; exec sleep 1000'
    volumes: ["data:/data"]
    networks: [back]
  api:
    image: busybox
    command: sh -c 'echo api $$TIER $$FROM_FILE; exec sleep 1000'
    env_file: [api.env]
    environment: {TIER: middle}
    networks: {back: {aliases: [backend]}, front: {}}
    depends_on: {store: {condition: service_healthy}}
  web:
    image: busybox
    command: ["sh", "-c", "echo web is up; exec sleep 1000"]
    networks: [front]
    depends_on: [api]
    labels: {role: entry}
    stop_grace_period: 1s
  worker:
    image: busybox
    command: sh -c 'trap "exit 0" TERM; echo worker; while :; do sleep 0.1; done'
    networks: [back]
    mem_limit: 64m
networks: {front: {}, back: {}}
volumes: {data: {}}
`;

onEveryEndpoint('docker-compose 1.29', (endpoint) => {
  test('a project of five services: up, ps, logs, exec, scale, restart, stop, rm, down', { skip, timeout: 240_000 }, async () => {
    const { api, docker } = endpoint();
    await using scratch = await Scratch.create('cmp');
    await writeFile(scratch.file('docker-compose.yml'), PROJECT);
    await writeFile(scratch.file('api.env'), 'FROM_FILE=yes\n');
    const project = uniqueName('p').replaceAll('-', '').toLowerCase();
    await using compose = await DockerCli.create(api.socketPath, [findTool('docker-compose') ?? 'docker-compose', '--file', scratch.file('docker-compose.yml'), '--project-name', project, '--ansi', 'never']);
    const ok = async (...args: string[]): Promise<string> => {
      const result = await compose.run(args, { timeoutMs: 120_000 });
      assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}${result.stdout}`);
      return result.stdout + result.stderr;
    };
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => { await compose.run(['down', '--volumes', '--timeout', '0'], { timeoutMs: 60_000 }); });
    await ok('up', '-d');
    assert.equal((await ok('ps', '--services', '--filter', 'status=running')).split('\n').filter((line) => line !== '').length, 5);
    const listed = await ok('ps');
    assert.match(listed, new RegExp(`${project}_web_1 .* Up`));
    assert.match(listed, new RegExp(`${project}_store_1 .* Up \\(healthy\\)`));
    const logs = await waitUntil('the output of all', async () => {
      const text = await ok('logs', '--no-color');
      return ['store is up', 'seed done', 'web is up', 'worker'].every((word) => text.includes(word)) ? text : undefined;
    });
    assert.match(logs, /store_1 +\| (?:.*\n)*?store_1 +\| seeded/);
    assert.match(logs, /api_1 +\| api middle yes/);
    assert.match(await ok('exec', '-T', 'api', 'wget', '-q', '-O', '-', 'http://store/seed'), /seeded/);
    assert.equal((await compose.run(['exec', '-T', 'web', 'sh', '-c', 'exit 7'])).code, 7);
    // Names of services, aliases and of other networks.
    const ping = async (from: string, to: string): Promise<number> => (await docker.run(['exec', `${project}_${from}_1`, 'ping', '-c', '1', '-W', '1', to])).code;
    assert.deepEqual(await Promise.all([ping('worker', 'backend'), ping('web', 'api'), ping('web', 'store')]).then((codes) => codes.map((code) => code === 0)), [true, true, false]);
    await ok('up', '-d', '--scale', 'worker=3', '--no-recreate');
    assert.equal((await ok('ps', '-q', 'worker')).split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line)).length, 3);
    await ok('restart', '--timeout', '0', 'web');
    await ok('stop', '--timeout', '1', 'worker');
    assert.match(await ok('ps', 'worker'), /Exit 0/);
    await ok('rm', '--force', 'worker');
    assert.equal((await ok('ps', '-q', 'worker')).trim(), '');
    await ok('down', '--volumes', '--timeout', '0');
    const label = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
    assert.deepEqual((await api.get(`/containers/json?all=1&filters=${label}`)).as<unknown[]>(), []);
    assert.deepEqual((await api.get(`/networks?filters=${label}`)).as<unknown[]>(), []);
    assert.deepEqual((await api.get(`/volumes?filters=${label}`)).as<{ Volumes: unknown[] | null }>().Volumes ?? [], []);
  });
});
