import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { ContainerCreateRequest } from '../../src/api/wire/container.ts';
import type { InfoResponse } from '../../src/api/wire/system.ts';
import { splitBuffer } from '../fixtures/frames.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { assertBadRequest, onEveryEndpoint, type Endpoint, type TestContainer } from './endpoint.ts';

type Logging = Record<string, string>;

const withLog = (type: string, options: Logging, rest: ContainerCreateRequest = {}): ContainerCreateRequest => ({ ...rest, HostConfig: { LogConfig: { Type: type, Config: options } } });
const shell = (script: string, rest: ContainerCreateRequest = {}): ContainerCreateRequest => ({ Cmd: ['sh', '-c', script], ...rest });

async function logs({ api }: Endpoint, container: TestContainer, query: string): Promise<{ stdout: string; stderr: string }> {
  const reply = await api.get(container.at(`/logs?${query}`));
  assert.equal(reply.status, 200, reply.text);
  const { stdout, stderr } = await splitBuffer(reply.body);
  return { stdout: stdout.toString(), stderr: stderr.toString() };
}

onEveryEndpoint('log drivers', (endpoint) => {
  test('unknown drivers, options and modes are refused', async () => {
    const cases: [string, Logging, RegExp][] = [
      ['json-file', { some: '1' }, /^unknown log opt 'some' for json-file log driver$/],
      ['local', { some: '1' }, /^unknown log opt 'some' for log driver local$/],
      ['json-file', { mode: 'some' }, /^logger: logging mode not supported: some$/],
      ['json-file', { 'max-buffer-size': '1m' }, /^logger: max-buffer-size option is only supported with 'mode=non-blocking'$/],
      ['json-file', { mode: 'non-blocking', 'max-buffer-size': 'big' }, /^error parsing option max-buffer-size: invalid size: 'big'$/],
    ];
    for (const [type, options, text] of cases) {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', ...withLog(type, options) });
      assertBadRequest(endpoint(), reply, JSON.stringify(options));
      assert.match(reply.message, text);
    }
  });

  test('values that cannot be keep a container from starting', async () => {
    const cases: [string, Logging, string][] = [
      ['json-file', { 'max-size': 'big' }, "invalid size: 'big'"],
      ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
      ['json-file', { 'max-file': 'x' }, 'strconv.Atoi: parsing "x": invalid syntax'],
      ['json-file', { compress: 'maybe' }, 'strconv.ParseBool: parsing "maybe": invalid syntax'],
      ['json-file', { compress: 'true' }, 'compress cannot be true when max-file is less than 2 or max-size is not set'],
      ['json-file', { tag: '{{.Foo}}' }, 'template: log-tag:1:2: executing "log-tag" at <.Foo>: can\'t evaluate field Foo in type *logger.Info'],
      ['json-file', { tag: '{{' }, 'template: log-tag:1: unclosed action'],
      ['local', { 'max-size': 'big' }, "invalid value for max-size: big: invalid size: 'big'"],
      ['local', { 'max-file': '1' }, 'compression cannot be enabled when max file count is 1'],
      ['local', { compress: 'x' }, 'error reading compress log option: strconv.ParseBool: parsing "x": invalid syntax'],
    ];
    for (const [type, options, text] of cases) {
      await using container = await endpoint().container(withLog(type, options, { Cmd: ['true'] }));
      const reply = await endpoint().api.post(container.at('/start'));
      assert.equal(reply.status, 500, reply.text);
      assert.equal(reply.message, `failed to initialize logging driver: ${text}`);
      const { State: state } = await container.inspect();
      assert.deepEqual([state.Status, state.ExitCode, state.Error], ['created', 128, reply.message]);
    }
  });

  test('json-file writes docker\'s lines at docker\'s place', async () => {
    const script = String.raw`printf 'one\ttab\033[0m <>&"\\ \342\200\250 \377\376 \010 \303\251\n\n\360\237\230\200\355\240\200 last'; echo err >&2`;
    const labels = { a: 'x y<>&', b: '2', c: 'é' };
    await using container = await endpoint().started(withLog('json-file', { labels: 'a,c', env: 'E', tag: '{{.Name}}/{{.ID}}/{{.ImageName}}/{{.DaemonName}}' }, shell(script, { Labels: labels, Env: ['E=v=1,2'] })));
    assert.equal(await container.wait(), 0);
    const { LogPath: path } = await container.inspect();
    assert.ok(path.endsWith(`/containers/${container.id}/${container.id}-json.log`), path);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').sort().map((line) => line.replace(/"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"/, '"time":T'));
    const attrs = String.raw`{"E":"v=1,2","a":"x y\u003c\u003e\u0026","c":"é","tag":"${container.name}/${container.id.slice(0, 12)}/busybox/docker"}`;
    const line = (log: string, stream: string): string => `{"log":"${log}","stream":"${stream}","attrs":${attrs},"time":T}`;
    assert.deepEqual(lines, [
      line(String.raw`\n`, 'stdout'), line(String.raw`err\n`, 'stderr'), line(String.raw`one\u0009tab\u001b[0m \u003c\u003e\u0026\"\\ \u2028 \ufffd\ufffd \u0008 é\n`, 'stdout'),
      line(String.raw`😀\ufffd\ufffd\ufffd last`, 'stdout'),
    ].sort());
    const details = `E=v%3D1%2C2,a=x+y%3C%3E%26,c=%C3%A9,tag=${container.name}%2F${container.id.slice(0, 12)}%2Fbusybox%2Fdocker`;
    assert.equal((await logs(endpoint(), container, 'stderr=1&details=1')).stderr, `${details} err\n`);
    assert.match((await logs(endpoint(), container, 'stderr=1&details=1&timestamps=1')).stderr, new RegExp(`^\\S+Z ${details.replaceAll('+', '\\+')} err\n$`));
    assert.equal((await logs(endpoint(), container, 'stdout=1&tail=1')).stdout, '😀\ufffd\ufffd\ufffd last');
  });

  test('json-file: long lines come in parts of 16 KiB with one moment', async () => {
    await using container = await endpoint().started(withLog('json-file', {}, shell('head -c 40000 /dev/zero | tr "\\0" x; echo; head -c 16384 /dev/zero | tr "\\0" y; echo; head -c 16383 /dev/zero | tr "\\0" z; echo')));
    assert.equal(await container.wait(), 0);
    const parts = readFileSync((await container.inspect()).LogPath, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { log: string; time: string });
    assert.deepEqual(parts.map(({ log }) => [log.length, log.endsWith('\n')]), [[16_384, false], [16_384, false], [7233, true], [16_384, false], [1, true], [16_384, true]]);
    assert.equal(new Set(parts.slice(0, 3).map(({ time }) => time)).size, 1);
    assert.equal((await logs(endpoint(), container, 'stdout=1')).stdout, `${'x'.repeat(40_000)}\n${'y'.repeat(16_384)}\n${'z'.repeat(16_383)}\n`);
  });

  for (const type of ['json-file', 'local']) {
    test(`${type}: rotated and compressed files are one log`, async () => {
      // The container stays, so that what compresses beside it has its time.
      await using container = await endpoint().started(withLog(type, { 'max-size': '100k', 'max-file': '3', compress: 'true' }, shell('seq 1000000 1060000; read x', { OpenStdin: true })));
      // What is read while it is written may have gaps, where files went that were not read yet.
      await waitUntil('the last line', async () => (await logs(endpoint(), container, 'stdout=1&tail=1')).stdout === '1060000\n');
      const whole = (await logs(endpoint(), container, 'stdout=1')).stdout;
      const numbers = whole.trimEnd().split('\n').map(Number);
      assert.ok(numbers.length > 1000 && numbers.length < 60_001, String(numbers.length));
      assert.deepEqual([...new Set(numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0)))], [1]);
      const longest = Math.min(numbers.length, 5000);
      assert.equal((await logs(endpoint(), container, `stdout=1&tail=${String(longest)}`)).stdout.trimEnd().split('\n').length, longest);
      const { LogPath: path } = await container.inspect();
      if (path === '') return;
      const packed = await waitUntil('a compressed file', () => Promise.resolve(readdirSync(dirname(path)).find((name) => name.endsWith('-json.log.2.gz'))));
      assert.match(gunzipSync(readFileSync(`${dirname(path)}/${packed}`)).toString(), /^\{"log":"\d+\\n","stream":"stdout","time":"[^"]+"\}\n/);
      assert.ok(!existsSync(`${path}.3`) && !existsSync(`${path}.3.gz`));
    });
  }

  test('local: lines as they were, details empty, no path', async () => {
    await using container = await endpoint().started(withLog('local', {}, shell('echo out; echo err >&2')));
    await container.wait();
    assert.deepEqual(await logs(endpoint(), container, 'stdout=1&stderr=1'), { stdout: 'out\n', stderr: 'err\n' });
    assert.deepEqual(await logs(endpoint(), container, 'stdout=1&stderr=1&details=1'), { stdout: ' out\n', stderr: ' err\n' });
    assert.equal((await container.inspect()).LogPath, '');
  });

  test('none keeps nothing, and says so', async () => {
    await using container = await endpoint().container(withLog('none', { anything: 'goes' }, { Cmd: ['echo', 'x'] }));
    const reply = await endpoint().api.get(container.at('/logs?stdout=1'));
    assert.equal(reply.status, 501);
    assert.equal(reply.message, 'configured logging driver does not support reading');
    assert.equal((await container.inspect()).LogPath, '');
  });

  test('info names the default and the drivers; inspect shows the choice', async () => {
    const info = (await endpoint().api.get('/info')).as<InfoResponse>();
    const { Log: drivers } = info.Plugins as { Log: string[] };
    assert.ok(drivers.includes('json-file') && drivers.includes('local'));
    await using container = await endpoint().container({ Cmd: ['true'] });
    assert.deepEqual((await container.inspect()).HostConfig.LogConfig, { Type: info.LoggingDriver, Config: {} });
  });
});

onEveryEndpoint('syslog', (endpoint) => {
  test('what cannot be is refused', async () => {
    const cases: [Logging, RegExp][] = [
      [{ some: '1' }, /^unknown log opt 'some' for syslog log driver$/],
      [{ 'syslog-address': 'foo' }, /^syslog-address should be in form proto:\/\/address, got foo$/],
      [{ 'syslog-address': 'foo://x' }, /^syslog-address should be in form proto:\/\/address, got foo:\/\/x$/],
      [{ 'syslog-address': 'unix:///not/there' }, /^stat \/not\/there: no such file or directory$/],
      [{ 'syslog-facility': 'foo' }, /^invalid syslog facility$/],
      [{ 'syslog-format': 'foo' }, /^Invalid syslog format$/],
      [{ 'cache-disabled': 'foo' }, /^invalid value for option cache-disabled: foo$/],
    ];
    for (const [options, text] of cases) {
      const reply = await endpoint().api.post('/containers/create', { Image: 'busybox', ...withLog('syslog', options) });
      assertBadRequest(endpoint(), reply, JSON.stringify(options));
      assert.match(reply.message, text);
    }
    await using container = await endpoint().container(withLog('syslog', { 'syslog-address': 'tcp://127.0.0.1:1' }, { Cmd: ['true'] }));
    const reply = await endpoint().api.post(container.at('/start'));
    assert.equal(reply.status, 500);
    assert.equal(reply.message, 'failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused');
  });
});
