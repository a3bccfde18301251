import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageV1, usageV2 } from './cgroup-usage.ts';
import { parseInterfaces } from './machine-usage.ts';

const reader = (files: Readonly<Record<string, string>>) => (_: string, file: string): string | undefined => files[file];

test('cgroup v2', () => {
  const usage = usageV2(reader({
    'cpu.stat': 'usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 4\nnr_throttled 1\nthrottled_usec 70\n',
    'memory.current': '8192\n', 'memory.max': 'max\n', 'memory.stat': 'anon 4096\ninactive_file 1024\n', 'memory.events': 'low 0\noom 2\noom_kill 1\n',
    'pids.current': '3\n', 'pids.max': '100\n', 'io.stat': '8:0 rbytes=4096 wbytes=512 rios=1 wios=2 dbytes=0 dios=0\n',
  }));
  assert.deepEqual(usage, {
    cpu: { total: 5e6, kernel: 2e6, user: 3e6, periods: 4, throttledPeriods: 1, throttled: 70_000 },
    memory: { usage: 8192, limit: Infinity, failures: 2, details: { anon: 4096, inactive_file: 1024 } },
    pids: { current: 3, limit: 100 },
    io: { bytes: [{ major: 8, minor: 0, operation: 'read', value: 4096 }, { major: 8, minor: 0, operation: 'write', value: 512 }], operations: [] },
  });
  assert.equal(usageV2(reader({})), undefined);
});

test('cgroup v1', () => {
  const usage = usageV1(reader({
    'cpuacct.usage': '5000000\n', 'cpuacct.stat': 'user 3\nsystem 2\n', 'cpuacct.usage_percpu': '1000 2000 \n', 'cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 9\n',
    'memory.usage_in_bytes': '8192\n', 'memory.max_usage_in_bytes': '9000\n', 'memory.limit_in_bytes': '16384\n', 'memory.failcnt': '1\n', 'memory.stat': 'cache 4096\n',
    'pids.current': '1\n', 'pids.max': 'max\n', 'blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 0\nTotal 4096\n',
  }));
  assert.deepEqual(usage?.cpu, { total: 5e6, kernel: 2e7, user: 3e7, perCpu: [1000, 2000], periods: 0, throttledPeriods: 0, throttled: 9 });
  assert.deepEqual(usage.memory, { usage: 8192, max: 9000, limit: 16384, failures: 1, details: { cache: 4096 } });
  assert.deepEqual(usage.pids, { current: 1 });
  assert.deepEqual(usage.io.bytes, [{ major: 8, minor: 0, operation: 'read', value: 4096 }, { major: 8, minor: 0, operation: 'write', value: 0 }]);
  assert.equal(usageV1(reader({})), undefined);
});

test('interfaces', () => {
  const text = 'Inter-|   Receive                    |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed\n'
    + '    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n'
    + '  eth0:    1116      14    1    2    0     0          0         0      280       4    3    4    0     0       0          0\n';
  assert.deepEqual(parseInterfaces(text), { eth0: { receivedBytes: 1116, receivedPackets: 14, receiveErrors: 1, receiveDropped: 2, sentBytes: 280, sentPackets: 4, sendErrors: 3, sendDropped: 4 } });
});
