import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { EventMessage, InfoResponse } from '../../src/api/wire/system.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { HttpApi } from '../fixtures/http.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const engineSkip = await engineMissing();
const BEFORE = { 'registry-mirrors': ['http://127.0.0.1:1'], labels: ['a=b'] };
const AFTER = { 'registry-mirrors': ['http://127.0.0.1:9', 'http://127.0.0.1:8'], 'insecure-registries': ['reg.test:5000', '10.9.0.0/16'], labels: ['c=d'], 'max-concurrent-uploads': 2 };

async function assertReloads(api: HttpApi, reload: () => Promise<void>): Promise<void> {
  const info = async (): Promise<InfoResponse> => (await api.get('/info')).as<InfoResponse>();
  assert.deepEqual([(await info()).RegistryConfig.Mirrors, (await info()).Labels], [['http://127.0.0.1:1/'], ['a=b']]);
  await reload();
  const event = await waitUntil('the reload to be told', async () => {
    const past = (await api.get(`/events?since=1&until=${String(Math.ceil(Date.now() / 1000) + 1)}&filters={"type":["daemon"]}`)).lines<EventMessage>();
    return past.find(({ Action: action }) => action === 'reload');
  });
  const after = await info();
  assert.equal(event.Actor.ID, after.ID);
  const { name, labels, ...attributes } = event.Actor.Attributes;
  assert.deepEqual([name, labels], [after.Name, '["c=d"]']);
  assert.deepEqual([attributes['registry-mirrors'], attributes['max-concurrent-uploads'], attributes['max-concurrent-downloads'], attributes['live-restore'], attributes['debug']], ['["http://127.0.0.1:9","http://127.0.0.1:8"]', '2', '3', 'false', 'false']);
  assert.deepEqual([...new Set(JSON.parse(attributes['insecure-registries'] ?? '') as string[])].sort(), ['10.9.0.0/16', 'reg.test:5000']);
  assert.deepEqual(after.RegistryConfig.Mirrors, ['http://127.0.0.1:9/', 'http://127.0.0.1:8/']);
  assert.equal(after.RegistryConfig.IndexConfigs['reg.test:5000']?.Secure, false);
  assert.ok(after.RegistryConfig.InsecureRegistryCIDRs.includes('10.9.0.0/16'));
  assert.deepEqual(after.Labels, ['c=d']);
}

describe('a configuration file that is read again', { timeout: 180_000 }, () => {
  test('dockerd', { skip: missing({ root: true, tools: DOCKERD_TOOLS }) }, async () => {
    await using dockerd = await Dockerd.start({ config: BEFORE });
    await assertReloads(new HttpApi(dockerd.socketPath), () => dockerd.reload(AFTER));
  });

  test('strata', { skip: missing({ root: true, tools: ENGINE_TOOLS }) || engineSkip }, async () => {
    await using scratch = await Scratch.create('rel');
    const file = scratch.file('daemon.json');
    const write = (text: string): Promise<void> => writeFile(file, text);
    await write(JSON.stringify({ ...BEFORE, proxies: { 'https-proxy': 'http://me:secret@proxy.test:3128', 'no-proxy': 'inside.test' } }));
    await using engine = await Engine.start({ args: ['--config-file', file, '--http-proxy', 'http://proxy.test:3128'] });
    const info = (await engine.api.get('/info')).as<InfoResponse>();
    assert.deepEqual([info['HttpProxy'], info['HttpsProxy'], info['NoProxy']], ['http://proxy.test:3128', 'http://xxxxx:xxxxx@proxy.test:3128', 'inside.test']);
    const hangUp = async (text: string): Promise<void> => { await write(text); process.kill(engine.pid, 'SIGHUP'); };
    await assertReloads(engine.api, () => hangUp(JSON.stringify({ ...AFTER, mtu: 1400 })));
    assert.match(engine.log, /configuration reloaded.*atNextStart.*proxies.*mtu/);
    for (const bad of ['{ bad', '{ "insecure-registries": ["http://x"] }', '{ "what": 1 }']) {
      const before = engine.log.length;
      await hangUp(bad);
      await waitUntil('the refusal', () => engine.log.slice(before).includes('nothing changes'));
    }
    assert.deepEqual((await engine.api.get('/info')).as<InfoResponse>().RegistryConfig.Mirrors, ['http://127.0.0.1:9/', 'http://127.0.0.1:8/']);
  });
});
