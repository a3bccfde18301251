import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerExplanation } from '../../../api/wire/explain.ts';
import { explanationText } from './explanation-text.ts';

const long = 'x'.repeat(200);

const fact: ContainerExplanation = {
  id: 'ab'.repeat(32), name: 'web', status: 'Exited (137) 2 minutes ago', image: { name: 'busybox', id: `sha256:${'cd'.repeat(32)}` },
  spec: [{ path: 'process.args', value: `["${long}"]`, from: 'flag', why: 'the command line' }, { path: 'process.terminal', value: 'false', from: 'default', why: 'default' }],
  namespaces: [{ type: 'network', id: 4026531840, sharedWith: ['host'], why: '--network host' }],
  limits: [{ name: 'memory', unit: 'bytes', limit: 64 << 20, used: 32 << 20, why: '--memory' }, { name: 'cpu', unit: 'cpus', limit: null, used: null, why: 'no --cpus' }],
  throttling: { periods: 30, throttledPeriods: 3, throttledMs: 120 },
  mounts: [{ destination: '/data', type: 'volume', source: long, readOnly: true, why: '--volume data' }, { destination: '/proc', type: 'proc', source: 'proc', readOnly: false, why: 'every container has it' }],
  security: { privileged: false, noNewPrivileges: true, capabilities: Array.from({ length: 40 }, (_, index) => `CAP_NUMBER_${String(index)}`), added: [], dropped: ['MKNOD'], seccomp: { profile: 'none', why: long } },
  processes: [{ pid: 12, parent: 1, memory: 4096, command: long }],
  networks: [{ name: 'bridge', interface: 'eth0', hostInterface: 'veth1', address: '172.17.0.2/16', gateway: '172.17.0.1', mac: null, ports: [{ host: '0.0.0.0:80/tcp', rule: 'nft map published { tcp . 80 : 172.17.0.2 . 80 }', container: '172.17.0.2:80/tcp' }] }],
  start: { at: '2026-01-01T00:00:00.000Z', rootfsMs: 1, networkMs: 2, specMs: 0.5, runtimeMs: 40, totalMs: 44, firstOutputMs: null },
  end: { at: '2026-01-01T00:01:00.000Z', exitCode: 137, signal: 'SIGKILL', sentBy: 'a stop through the API', oomKilled: false, text: 'SIGKILL ended it, sent by a stop through the API that it did not follow within 10 s' },
};

test('fits a terminal, in groups, with what was asked for', () => {
  const text = explanationText(fact, { all: false, columns: 80 });
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /How it ended\n {2}2026-01-01T00:01:00.000Z: SIGKILL ended it/);
  assert.match(text, /memory {2}32MiB of 64MiB, 50 % {2}\(--memory\)/);
  assert.match(text, /network {2}4026531840 {2}shared with host \(--network host\)/);
  assert.match(text, /0\.0\.0\.0:80\/tcp ->\n {6}nft map published \{ tcp \. 80 : 172\.17\.0\.2 \. 80 \} ->\n {6}172\.17\.0\.2:80\/tcp/);
  assert.doesNotMatch(text, /process\.terminal|\/proc/);
  assert.match(explanationText(fact, { all: true, columns: 80 }), /process\.terminal = false\n {6}default\n?/);
});
