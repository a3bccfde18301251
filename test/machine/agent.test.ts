import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { START_PHASES } from '../../src/api/machine.ts';
import { ConflictError, NotFoundError } from '../../src/api/errors.ts';
import { untilEngineAnswers } from '../../src/machine/engine-ping.ts';
import { MachineClient } from '../../src/machine/client.ts';
import { listMachines, machineStatus, pathsFor, removeMachine, stopMachine } from '../../src/machine/machine-life.ts';
import { restartMachine, startMachine } from '../../src/machine/start-machine.ts';
import { fakeInstallation, leftovers, lives } from './fake-installation.ts';

const soon = (): AbortSignal => AbortSignal.timeout(40_000);

test('start, status, restart, stop, remove', async (t) => {
  const { home } = await fakeInstallation(t);
  const seen: string[] = [];
  const status = await startMachine({}, { onStatus: ({ state }) => { seen.push(state); } });
  assert.equal(status.state, 'running', JSON.stringify(status.failure));
  assert.deepEqual(status.phases.map(({ phase }) => phase), [...START_PHASES]);
  assert.ok(status.phases.every(({ startedMs, endedMs }) => endedMs !== undefined && endedMs >= startedMs));
  assert.equal(status.accelerator, 'tcg');
  assert.match(status.warnings.join(), /emulated/);
  assert.equal(status.image, 'fake-1');
  assert.equal(seen.at(0), 'starting');
  const paths = pathsFor({});
  for (const path of [paths.controlSocket, paths.engineSocket, paths.userKey, paths.dataDisk]) assert.equal((await stat(path)).mode & 0o777, 0o600, path);
  await untilEngineAnswers(paths.engineSocket, soon());
  await assert.rejects(removeMachine({}), ConflictError);

  const again = await startMachine({});
  assert.equal(again.agentPid, status.agentPid, 'a second start joins the machine');
  await assert.rejects(startMachine({}, { cpus: status.cpus + 1 }), ConflictError);

  const restarted = await restartMachine({});
  assert.equal(restarted.state, 'running');
  assert.equal(restarted.agentPid, status.agentPid);
  assert.notEqual(restarted.vmPid, status.vmPid);
  await untilEngineAnswers(paths.engineSocket, soon());

  await stopMachine({});
  const stopped = await machineStatus({});
  assert.equal(stopped.state, 'stopped');
  assert.equal(stopped.agentPid, undefined);
  assert.deepEqual(await leftovers(home), []);
  assert.equal(await lives(restarted.vmPid), false);
  assert.equal(await lives(status.agentPid), false);

  await removeMachine({});
  await assert.rejects(machineStatus({}), NotFoundError);
  assert.deepEqual(await listMachines(), []);
});

test('many starts at once give one machine', async (t) => {
  await fakeInstallation(t);
  const statuses = await Promise.all([1, 2, 3].map(() => startMachine({})));
  assert.deepEqual(statuses.map(({ state }) => state), ['running', 'running', 'running']);
  assert.equal(new Set(statuses.map(({ agentPid }) => agentPid)).size, 1);
});

test('machines live side by side, by name', async (t) => {
  await fakeInstallation(t);
  const [one, two] = [await startMachine({}), await startMachine({ name: 'second' }, { cpus: 1, memoryMiB: 512, diskGiB: 3 })];
  assert.notEqual(one.vmPid, two.vmPid);
  assert.deepEqual([two.cpus, two.memoryMiB, two.diskGiB], [1, 512, 3]);
  await stopMachine({ name: 'default' });
  assert.equal((await machineStatus({ name: 'second' })).state, 'running');
  assert.deepEqual((await listMachines()).map(({ name, state }) => [name, state]), [['default', 'stopped'], ['second', 'running']]);
});

test('the end of qemu is noticed at once and told', async (t) => {
  const { home } = await fakeInstallation(t);
  const status = await startMachine({});
  const watcher = new MachineClient(pathsFor({}).controlSocket).watch();
  await watcher.next();
  assert.ok(status.vmPid !== undefined);
  process.kill(status.vmPid, 'SIGKILL');
  const killedAt = performance.now();
  let last;
  for await (const next of watcher) last = next;
  assert.ok(performance.now() - killedAt < 8000);
  assert.equal(last?.state, 'error');
  assert.match(last.failure?.message ?? '', /was killed by SIGKILL/);
  assert.equal(last.failure?.phase, 'running');
  assert.deepEqual(last.failure.consoleTail, ['Linux version 0.0 (fake)', 'fake guest speaks']);
  assert.deepEqual((await machineStatus({})).failure, last.failure);
  assert.deepEqual(await leftovers(home), []);
  assert.equal((await startMachine({})).state, 'running', 'it starts again');
});

test('the agent that dies leaves a machine which the next start ends', async (t) => {
  await fakeInstallation(t);
  const status = await startMachine({});
  assert.ok(status.agentPid !== undefined);
  process.kill(status.agentPid, 'SIGKILL');
  const deadline = soon();
  while (await lives(status.agentPid)) deadline.throwIfAborted();
  const told = await machineStatus({});
  assert.equal(told.state, 'error');
  assert.match(told.failure?.message ?? '', /agent ended unexpectedly/);
  const next = await startMachine({});
  assert.equal(next.state, 'running', JSON.stringify(next.failure));
  assert.equal(await lives(status.vmPid), false);
});

test('a hostile guest starts all the same', async (t) => {
  await fakeInstallation(t, { mode: 'hostile' });
  const status = await startMachine({});
  assert.equal(status.state, 'running', JSON.stringify(status.failure));
  assert.match(await readFile(pathsFor({}).agentLog, 'utf8'), /guest said something unknown/);
});

test('a guest that will not power off is ended by harder steps', async (t) => {
  const { home } = await fakeInstallation(t, { mode: 'deaf' });
  const status = await startMachine({});
  await stopMachine({}, { force: true });
  assert.equal(await lives(status.vmPid), false);
  assert.deepEqual(await leftovers(home), []);
});

test('a stop ends a start that is under way', async (t) => {
  const { home } = await fakeInstallation(t, { mode: 'silent' });
  const starting = Promise.withResolvers<number | undefined>();
  const start = startMachine({}, { onStatus: (status) => { if (status.vmPid !== undefined) starting.resolve(status.vmPid); } });
  const vmPid = await starting.promise;
  await stopMachine({});
  assert.equal((await start).state, 'stopped');
  assert.equal(await lives(vmPid), false);
  assert.deepEqual(await leftovers(home), []);
});

test('shells: command with output on both streams and exit code, terminal with resize', async (t) => {
  await fakeInstallation(t);
  await startMachine({});
  const client = new MachineClient(pathsFor({}).controlSocket);
  const { demultiplex } = await import('../../src/api/stdcopy.ts');
  const { id, connection } = await client.shell({ command: 'cat; echo problem >&2; exit 7' });
  await connection.write(Buffer.from('input\n'));
  await connection.end();
  const output: Record<number, string> = {};
  for await (const { stream, payload } of demultiplex(connection.output)) output[stream] = (output[stream] ?? '') + Buffer.from(payload).toString();
  assert.deepEqual(output, { 1: 'input\n', 2: 'problem\n' });
  assert.deepEqual(await client.shellExit(id), { exitCode: 7 });

  const terminal = await client.shell({ command: 'echo $TERMINAL', tty: { cols: 100, rows: 30 } });
  let text = '';
  for await (const chunk of terminal.connection.output) text += Buffer.from(chunk).toString();
  assert.equal(text, '100x30\n');
  await assert.rejects(client.resizeShell('none', { cols: 1, rows: 1 }), NotFoundError);
});

test('the control socket answers what it does not know with 404, and stays', async (t) => {
  await fakeInstallation(t);
  await startMachine({});
  const { request } = await import('node:http');
  const { promise, resolve } = Promise.withResolvers<[number | undefined, string]>();
  request({ socketPath: pathsFor({}).controlSocket, path: '/v1/nothing' }, (response) => {
    response.setEncoding('utf8');
    response.on('data', (body: string) => { resolve([response.statusCode, body]); });
  }).end();
  assert.deepEqual(await promise, [404, '{"message":"no such call: GET /v1/nothing"}']);
  assert.equal((await machineStatus({})).state, 'running');
  assert.ok((await stat(join(pathsFor({}).directory))).mode % 0o1000 === 0o700);
});
