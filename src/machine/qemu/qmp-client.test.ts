import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { InternalError, UnavailableError } from '../../api/errors.ts';
import { forwardedPort, QmpClient } from './qmp-client.ts';

const never = new AbortController().signal;

/** A monitor that answers each command with what `answer` says. */
function monitor(answer: (command: string) => object): { client: QmpClient; close: () => void; send: (text: string) => void } {
  const [near, far] = duplexPair();
  far.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number };
      far.write(`${JSON.stringify({ ...answer(execute), id })}\r\n`);
    }
  });
  const client = new QmpClient(near);
  return { client, close: () => far.destroy(), send: (text) => far.write(text) };
}

test('greeting, negotiation, command; events and noise in between are skipped', async () => {
  const { client, send } = monitor((command) => ({ return: command }));
  send('{"QMP": {"version": {}}}\r\n{"event":"RESUME"}\r\nnoise\r\nnull\r\n{"id":99,"return":{}}\r\n');
  await client.connect(never);
  assert.equal(await client.execute('query-status'), 'query-status');
});

test('a refusal carries the words of qemu', async () => {
  const { client, send } = monitor((command) => (command === 'qmp_capabilities' ? { return: {} } : { error: { class: 'GenericError', desc: 'no such device' } }));
  send('{"QMP":{}}\n');
  await client.connect(never);
  await assert.rejects(client.execute('device_del'), (error: unknown) => error instanceof InternalError && error.message.includes('no such device'));
});

test('the end of the process ends every wait', async () => {
  const [near, far] = duplexPair();
  const client = new QmpClient(near);
  const waiting = client.execute('query-status');
  far.destroy();
  near.destroy();
  await assert.rejects(waiting, UnavailableError);
  await assert.rejects(client.execute('quit'), UnavailableError);
  await assert.rejects(client.connect(never), UnavailableError);
});

test('waiting for a greeting that never comes can be given up', async () => {
  const [near] = duplexPair();
  await assert.rejects(new QmpClient(near).connect(AbortSignal.timeout(20)), { name: 'TimeoutError' });
});

test('the forwarded port is read from the table', () => {
  const table = 'Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n  TCP[HOST_FORWARD]   3       127.0.0.1 38597       10.0.2.15    22     0     0\r\n';
  assert.equal(forwardedPort(table), 38597);
  assert.equal(forwardedPort('nothing'), undefined);
});
