import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { removeAllContainers } from '../fixtures/dockerd.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const skip = missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || await engineMissing();
/** STRATA_TEST_CYCLES=1000 is the long run; STRATA_TEST_SEED repeats one. */
const CYCLES = Number(process.env['STRATA_TEST_CYCLES'] ?? 24);
const SEED = Number(process.env['STRATA_TEST_SEED'] ?? 1);
/** Cycles between two deaths of the engine. */
const ROUND = 8;

const NETWORK = 'cycles';
/** What may happen to a container between its start and its end. */
const STEPS = ['exec', 'kill', 'stop', 'restart', 'pause', 'unpause', 'rename', 'connect', 'disconnect', 'update', 'start'] as const;

interface Plan {
  command: string;
  tty: boolean;
  volume: boolean;
  port: boolean;
  policy: string;
  steps: readonly (typeof STEPS)[number][];
  remove: boolean;
}

/** mulberry32: the same numbers for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('strata: containers come and go while the engine dies', { skip, concurrency: false }, () => {
  test(`${String(CYCLES)} random cycles, seed ${String(SEED)}: nothing is left`, { timeout: 60_000 + CYCLES * 5000 }, async () => {
    await using engine = await Engine.start();
    await using docker = await DockerCli.create(engine.socketPath);
    await docker.ok('load', '--quiet', '--input', (await testImages()).busybox);
    const random = randomNumbers(SEED);
    const pick = <T>(items: readonly [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0];
    const { api } = engine;
    // What the engine's death cuts off is no failure of the cycle.
    const call = async (method: string, path: string, json?: unknown): Promise<number> => (await api.call(method, path, { ...(json === undefined ? {} : { json }), timeoutMs: 20_000 }).catch(() => undefined))?.status ?? 0;

    const cycle = async (name: string, plan: Plan): Promise<void> => {
      await call('POST', `/containers/create?name=${name}`, {
        Image: 'busybox', Cmd: ['sh', '-c', plan.command], Tty: plan.tty, OpenStdin: plan.tty, ExposedPorts: { '80/tcp': {} }, ...(plan.volume ? { Volumes: { '/data': {} } } : {}),
        HostConfig: { PublishAllPorts: plan.port, RestartPolicy: { Name: plan.policy } },
      });
      await call('POST', `/containers/${name}/start`);
      let called = name;
      for (const step of plan.steps) {
        if (step === 'exec') await runExec(called);
        else if (step === 'connect' || step === 'disconnect') await call('POST', `/networks/${NETWORK}/${step}`, { Container: called, Force: true });
        else if (step === 'rename') called = await call('POST', `/containers/${called}/rename?name=${name}-again`) === 204 ? `${name}-again` : called;
        else if (step === 'update') await call('POST', `/containers/${called}/update`, { Memory: 64 * 1024 * 1024, MemorySwap: 64 * 1024 * 1024 });
        else await call('POST', `/containers/${called}/${step}${step === 'stop' || step === 'restart' ? '?t=0' : ''}`);
      }
      if (plan.remove) await call('DELETE', `/containers/${called}?force=1&v=1`);
    };
    const runExec = async (name: string): Promise<void> => {
      const created = await api.post(`/containers/${name}/exec`, { Cmd: ['sh', '-c', 'sleep 0.05; echo told'], AttachStdout: true }).catch(() => undefined);
      if (created?.status === 201) await call('POST', `/exec/${created.as<{ Id: string }>().Id}/start`, { Detach: random() < 0.5 });
    };
    assert.equal(await call('POST', '/networks/create', { Name: NETWORK }), 201);

    let baseline = 0;
    for (let done = 0; done < CYCLES; done += ROUND) {
      const cycles = Array.from({ length: Math.min(ROUND, CYCLES - done) }, (_, index) => cycle(`cycle-${String(done + index)}`, {
        command: pick(['sleep 1000', 'exit 3', 'echo hello; sleep 1000', 'yes | head -c 100000']), tty: random() < 0.3, volume: random() < 0.3, port: random() < 0.3, policy: pick(['no', 'no', 'always', 'on-failure']),
        steps: Array.from({ length: Math.floor(random() * 4) }, () => pick(STEPS)), remove: random() < 0.7,
      }));
      // At whatever moment: after some of them have answered, or at once.
      await Promise.race([Promise.all(cycles.slice(0, 1 + Math.floor(random() * ROUND))), new Promise((resolve) => { setTimeout(resolve, random() * 1500); })]);
      await engine.kill9();
      await Promise.all(cycles);
      await engine.startAgain();
      await removeAllContainers(engine.socketPath);
      assert.equal(await call('POST', '/volumes/prune'), 200);
      const left = await waitUntil('everything to be cleared away', async () => ((await engine.leaks()).length === 0 ? [] : undefined), { timeoutMs: 20_000 }).catch(() => engine.leaks());
      assert.deepEqual(left, [], `after cycle ${String(done + ROUND)} with seed ${String(SEED)}`);
      for (const directory of [`${engine.dataRoot}/containers`, `${engine.execRoot}/c`]) assert.deepEqual(await readdir(directory).catch(() => []), [], directory);
      assert.deepEqual((await api.get('/volumes')).as<{ Volumes: unknown[] | null }>().Volumes ?? [], []);
      const descriptors = (await readdir(`/proc/${String(engine.pid)}/fd`)).length;
      baseline ||= descriptors;
      assert.ok(descriptors <= baseline + 8, `${String(descriptors)} descriptors, ${String(baseline)} at first`);
    }
    assert.equal(await call('DELETE', `/networks/${NETWORK}`), 204);
    await engine.stop();
    assert.deepEqual(await engine.leaks(), [], 'with the engine stopped');
    using database = new DatabaseSync(`${engine.dataRoot}/engine.db`, { readOnly: true });
    const count = (sql: string): unknown => Object.values(database.prepare(sql).get() ?? {})[0];
    assert.equal(count('SELECT count(*) FROM containers'), 0);
    assert.equal(count('SELECT count(*) FROM volumes'), 0);
    assert.equal(count(`SELECT count(*) FROM networks WHERE name = '${NETWORK}'`), 0);
    assert.equal(count("SELECT count(*) FROM snapshots WHERE key LIKE 'container-%'"), 0);
  });
});
