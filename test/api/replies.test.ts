import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerInspect, ContainerSummary } from '../../src/api/wire/container.ts';
import { uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';
import { ASKED, GATES, LEFT_OUT, REFUSED_BY_SPECIFICATION } from './schemas/asked.ts';
import { ReplyCheck } from './schemas/reply-check.ts';

const OLD = new ReplyCheck(41);
const NEW = new ReplyCheck(56);

onEveryEndpoint('replies against the specification', (endpoint) => {
  /** What stands in braces in the paths and bodies of the table. */
  const things = new Map<string, string>();
  const image = uniqueName('image');

  before(async () => {
    const e = endpoint();
    const [net, vol] = [uniqueName('net'), uniqueName('vol')];
    await e.api.post('/networks/create', { Name: net });
    await e.api.post('/volumes/create', { Name: vol });
    await e.api.post(`/images/busybox/tag?repo=${image}&tag=1`);
    const sleep = { Cmd: ['sleep', '10000'] };
    const run = await e.started({ ...sleep, Healthcheck: { Test: ['CMD', 'true'], Interval: 200_000_000 }, ExposedPorts: { '80/tcp': {} }, HostConfig: { Binds: [`${vol}:/v`], PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } } });
    const made = await e.container(sleep);
    const ended = await e.started({ Cmd: ['false'] });
    const fixed = await e.started({ ...sleep, HostConfig: { ReadonlyRootfs: true } });
    const host = await e.started({ ...sleep, HostConfig: { NetworkMode: 'host' } });
    await ended.wait();
    await waitUntil('it to be healthy', async () => (await run.inspect()).State.Health?.Status === 'healthy');
    const exec = async (): Promise<string> => (await e.api.post(run.at('/exec'), { Cmd: ['true'], AttachStdout: true })).as<{ Id: string }>().Id;
    const [fresh, done] = [await exec(), await exec()];
    await (await e.api.hijack(`/exec/${done}/start`, { upgrade: false, json: {} })).read();
    for (const [name, value] of Object.entries({ run: run.id, runName: run.name, made: made.id, ended: ended.id, fixed: fixed.id, host: host.id, exec: fresh, done, net, vol, image: `${image}:1` })) things.set(name, value);
  }, { timeout: 60_000 });
  after(async () => {
    const { api } = endpoint();
    for (const name of ['run', 'made', 'ended', 'fixed', 'host']) await api.delete(`/containers/${things.get(name) ?? ''}?force=1&v=1`);
    await api.delete(`/networks/${things.get('net') ?? ''}`);
    await api.delete(`/volumes/${things.get('vol') ?? ''}`);
    await api.delete(`/images/${image}:1`);
  });

  const now = (): string => (Date.now() / 1000).toFixed(3);
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name === 'now' ? now() : (things.get(name) ?? whole)));

  const ask = async (minor: number, check: ReplyCheck, [operation, status, path, json]: (typeof ASKED)[number]): Promise<void> => {
    const { api } = endpoint();
    const what = `${operation} at 1.${String(minor)}: ${path}`;
    const body = json === undefined ? {} : { json: JSON.parse(fill(JSON.stringify(json))) as unknown };
    const reply = await api.call(operation.split(' ')[0] ?? '', `/v1.${String(minor)}${fill(path)}`, { timeoutMs: 20_000, ...body });
    // Until 23.0 some of the caller's faults were told as the engine's own.
    if ([400, 403].includes(status) && reply.status === 500 && endpoint().minor < 42) return;
    assert.equal(reply.status, status, `${what}: ${reply.text.slice(0, 300)}`);
    if (operation.startsWith('HEAD')) return;
    const isJson = (reply.headers['content-type'] ?? '').startsWith('application/json') || (reply.headers['content-type'] ?? '').startsWith('application/jsonl');
    const value: unknown = !isJson ? (reply.text === '' ? null : reply.text) : operation === 'GET /events' && status === 200 ? reply.lines()[0] : reply.as();
    const known = REFUSED_BY_SPECIFICATION.filter((each) => each.operation === operation);
    // Over its takeover attach answers in plain text.
    const problems = operation.includes('/attach') ? [] : check.problems(operation, status, value).filter((problem) => !known.some(({ problem: pattern }) => pattern.test(problem)));
    assert.deepEqual(problems, [], what);
    if (operation === 'POST /containers/create' && status === 201) await api.delete(`/containers/${reply.as<{ Id: string }>().Id}`);
    if (operation === 'POST /networks/create' && status === 201) await api.delete(`/networks/${reply.as<{ Id: string }>().Id}`);
    if (operation === 'POST /commit' && status === 201) await api.delete(`/images/${reply.as<{ Id: string }>().Id}`);
  };

  const families = [...new Set(ASKED.map(([operation]) => /^\w+ \/(\w+)/.exec(operation)?.[1] ?? ''))];
  for (const family of families) {
    test(`${family}: at 1.24, at 1.41 and at the newest version`, async () => {
      const { minor } = endpoint();
      const rows = ASKED.filter(([operation]) => operation.split(' ')[1]?.split('/')[1] === family);
      for (const [version, check] of [[24, OLD], [41, OLD], ...(minor >= 52 ? [[minor, NEW] as const] : [])] as const) {
        for (const row of rows) if (version >= (row[4] ?? 24)) await ask(version, check, row);
      }
    });
  }

  test('fields that came or went with a version', async () => {
    const { api, minor } = endpoint();
    for (const version of [24, 41, minor]) {
      const shown = (await api.get(`/v1.${String(version)}/containers/${things.get('run') ?? ''}/json`)).as<ContainerInspect>();
      const [listed] = (await api.get(`/v1.${String(version)}/containers/json?filters=${encodeURIComponent(JSON.stringify({ id: [things.get('run')] }))}`)).as<ContainerSummary[]>();
      const objects: Record<string, unknown> = {
        list: listed, network: Object.values(shown.NetworkSettings.Networks)[0], container: shown, settings: shown.NetworkSettings, host: shown.HostConfig, config: shown.Config,
        info: (await api.get(`/v1.${String(version)}/info`)).as(), image: (await api.get(`/v1.${String(version)}/images/busybox/json`)).as(), images: (await api.get(`/v1.${String(version)}/images/json`)).as<unknown[]>()[0],
        event: (await api.get(`/v1.${String(version)}/events?since=1&until=${now()}&filters=${encodeURIComponent('{"type":["container"]}')}`)).lines()[0],
      };
      for (const [object, field, from, until] of GATES) {
        // dockerd has each field that its own version has.
        const expected = version >= from && version < until;
        assert.equal(Object.hasOwn(objects[object] as object, field), expected, `${object}.${field} at 1.${String(version)}`);
      }
    }
  });

  test('every status of every operation is asked for, here or elsewhere', () => {
    const asked = new Set(ASKED.map(([operation, status]) => `${operation} ${String(status)}`));
    const open = [...OLD.operations, ...NEW.operations].flatMap(([operation, statuses]) => statuses.filter((status) => status < 500).map((status) => `${operation} ${String(status)}`))
      .filter((key) => !asked.has(key) && !LEFT_OUT.some(([pattern]) => pattern.test(key)));
    assert.deepEqual([...new Set(open)], []);
  });
});
