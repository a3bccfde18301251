import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerInspect, Health, HealthConfig } from '../../src/api/wire/container.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { API_REQUIREMENTS, onEveryEndpoint, type TestContainer } from './endpoint.ts';

const SECOND = 1e9;
const QUICK = { Interval: SECOND / 5, Timeout: 20 * SECOND, Retries: 2 };

onEveryEndpoint('health', (endpoint) => {
  const started = (health: HealthConfig): Promise<TestContainer> => endpoint().started({ Cmd: ['sleep', '1000'], Healthcheck: { ...QUICK, ...health } });
  const becomes = (container: TestContainer, status: Health['Status']): Promise<Health> => waitUntil(`health to be ${status}`, async () => {
    const { State: state } = await container.inspect();
    return state.Health?.Status === status ? state.Health : undefined;
  });

  test('starting, unhealthy after so many failures, and healthy again', async () => {
    await using container = await started({ Test: ['CMD-SHELL', 'echo out; test -f /ok'] });
    assert.equal((await container.inspect()).State.Health?.Status, 'starting');
    const sick = await becomes(container, 'unhealthy');
    assert.ok(sick.FailingStreak >= 2);
    assert.equal(sick.Log.at(-1)?.ExitCode, 1);
    assert.equal(sick.Log.at(-1)?.Output, 'out\n');
    assert.ok(sick.Log.every(({ Start: start, End: end }) => Date.parse(start) <= Date.parse(end)));
    assert.match(await endpoint().docker.ok('ps', '--filter', `id=${container.id}`, '--format', '{{.Status}}'), /^Up .* \(unhealthy\)$/);
    assert.equal(await endpoint().docker.ok('ps', '-q', '--no-trunc', '--filter', 'health=unhealthy'), container.id);
    await endpoint().docker.ok('exec', container.id, 'touch', '/ok');
    assert.equal((await becomes(container, 'healthy')).FailingStreak, 0);
    await waitUntil('the events', async () => {
      const seen = await endpoint().docker.ok('events', '--since', '5m', '--until', '0s', '--filter', `container=${container.id}`, '--filter', 'event=health_status', '--format', '{{.Action}}');
      return seen === 'health_status: unhealthy\nhealth_status: healthy';
    });
  });

  test('the last five results, each cut', async () => {
    await using container = await started({ Test: ['CMD', 'sh', '-c', 'head -c 5000 /dev/zero | tr "\\0" x'] });
    const { Log: log } = await waitUntil('five results', async () => {
      const { State: state } = await container.inspect();
      return state.Health?.Log.length === 5 ? state.Health : undefined;
    });
    assert.equal(log[4]?.Output, `${'x'.repeat(4096)}...`);
    const later = await waitUntil('one more', async () => {
      const { State: state } = await container.inspect();
      return state.Health?.Log[0]?.Start !== log[0]?.Start ? state.Health : undefined;
    });
    assert.equal(later.Log.length, 5);
  });

  test('what takes too long is killed, and so is what it has started', async () => {
    await using container = await started({ Test: ['CMD-SHELL', 'sleep 2000'], Timeout: SECOND / 4 });
    const { Log: log } = await becomes(container, 'unhealthy');
    assert.equal(log[0]?.ExitCode, -1);
    assert.match(log[0].Output, /^Health check exceeded timeout \(250ms\)/);
  });

  test('a command that cannot be run', async () => {
    await using container = await started({ Test: ['CMD', '/nowhere/at-all'] });
    const { Log: log } = await becomes(container, 'unhealthy');
    assert.notEqual(log[0]?.ExitCode, 0);
    assert.match(log[0]?.Output ?? '', /no such file or directory/);
  });

  test('failures in the start period do not count', async () => {
    await using container = await started({ Test: ['CMD', 'false'], StartPeriod: 3000 * SECOND, StartInterval: SECOND / 5, Retries: 1 });
    const health = await waitUntil('two failures', async () => {
      const { State: state } = await container.inspect();
      return (state.Health?.Log.length ?? 0) >= 2 ? state.Health : undefined;
    });
    assert.deepEqual([health.Status, health.FailingStreak], ['starting', 0]);
  });

  test('none, and none of the image', async () => {
    await using plain = await endpoint().started({ Cmd: ['sleep', '1000'] });
    assert.equal((await plain.inspect()).State.Health, undefined);
    await using refused = await started({ Test: ['NONE'] });
    assert.equal((await refused.inspect()).State.Health, undefined);
    assert.equal(await endpoint().docker.ok('ps', '-q', '--no-trunc', '--filter', 'health=none', '--filter', `id=${plain.id}`), plain.id);
    assert.equal((await endpoint().api.get(`/containers/json?filters=${encodeURIComponent('{"health":["some"]}')}`)).status, 400);
  });

  test('a stopped container is not healthy; a new start begins anew', async () => {
    await using container = await started({ Test: ['CMD', 'true'] });
    await becomes(container, 'healthy');
    await endpoint().api.post(container.at('/kill'));
    await becomes(container, 'unhealthy');
    await container.start();
    await becomes(container, 'healthy');
  });
});

const skip = missing({ ...API_REQUIREMENTS, tools: [...API_REQUIREMENTS.tools, ...ENGINE_TOOLS] }) || (await engineMissing());

describe('health and the death of the engine', { skip }, () => {
  test('goes on where it was, and is watched again', async () => {
    await using engine = await Engine.start();
    await using docker = await DockerCli.create(engine.socketPath);
    await docker.ok('load', '-q', '-i', (await testImages()).busybox);
    const id = await docker.ok('run', '-d', '--health-cmd', 'test -f /ok', '--health-interval', '200ms', '--health-retries', '1', 'busybox', 'sh', '-c', 'touch /ok; sleep 1000');
    const becomes = (status: string): Promise<boolean> => waitUntil(status, async () => (await engine.api.get(`/containers/${id}/json`)).as<ContainerInspect>().State.Health?.Status === status);
    await becomes('healthy');
    await engine.restart('kill9');
    assert.equal((await engine.api.get(`/containers/${id}/json`)).as<ContainerInspect>().State.Health?.Status, 'healthy');
    await docker.ok('exec', id, 'rm', '/ok');
    await becomes('unhealthy');
  });
});
