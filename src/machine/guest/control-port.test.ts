import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { GuestControlPort } from './control-port.ts';
import type { GuestReport } from './guest-report.ts';

function port(): { guest: ReturnType<typeof duplexPair>[0]; reports: GuestReport[]; port: GuestControlPort } {
  const [host, guest] = duplexPair();
  const reports: GuestReport[] = [];
  return { guest, reports, port: new GuestControlPort({ stream: host, onReport: (report) => { reports.push(report); }, log: silentLogger }) };
}

test('reports come through noise', async () => {
  const { guest, reports } = port();
  guest.write(randomBytes(5000));
  guest.write(`\n${'['.repeat(20_000)}\n{"phase":"ssh","state":"end"}\n`);
  guest.write('{"phase":"engine",');
  guest.write('"state":"end"}\n');
  await sleep(20);
  assert.deepEqual(reports.map((report) => (report.kind === 'phase' ? report.phase : report.kind)), ['ssh', 'engine']);
});

test('commands are lines', async () => {
  const { guest, port: side } = port();
  side.send({ command: 'poweroff' });
  await sleep(10);
  assert.equal((guest.read() as Buffer).toString(), '{"command":"poweroff"}\n');
});

test('a guest that floods is made to wait', async () => {
  const { guest, reports } = port();
  for (let round = 0; round < 50; round += 1) guest.write('{"event":"poweroff"}\n'.repeat(100));
  await sleep(100);
  assert.ok(reports.length < 2000, `${String(reports.length)} reports were taken at once`);
});
