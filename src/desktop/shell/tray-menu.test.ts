import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineState, MachineStatus } from '../../api/machine.ts';
import { statusLine, trayIcon, trayMenu, type TrayActions } from './tray-menu.ts';
import { trayTexts } from './tray-texts.ts';

const status = (state: MachineState, fields: Partial<MachineStatus> = {}): MachineStatus => ({ name: 'default', state, driver: 'qemu', warnings: [], phases: [], cpus: 2, memoryMiB: 1024, diskGiB: 64, ...fields });
const nothing = (): void => undefined;
const actions: TrayActions = { open: nothing, start: nothing, stop: nothing, restart: nothing, quit: nothing };
const texts = trayTexts('en');

test('every state allows what makes sense in it', () => {
  const enabled = (state: MachineState): string[] => trayMenu(status(state), texts, actions).flatMap(({ id, enabled: on }) => (id !== undefined && on === true ? [id] : []));
  assert.deepEqual(enabled('stopped'), ['start']);
  assert.deepEqual(enabled('error'), ['start']);
  assert.deepEqual(enabled('starting'), ['stop']);
  assert.deepEqual(enabled('running'), ['stop', 'restart']);
  assert.deepEqual(enabled('stopping'), []);
});

test('the entries do what they say', () => {
  const done: string[] = [];
  const recording = Object.fromEntries(Object.keys(actions).map((name) => [name, () => { done.push(name); }])) as unknown as TrayActions;
  for (const item of trayMenu(status('running'), texts, recording)) (item.click as (() => void) | undefined)?.();
  assert.deepEqual(done, ['open', 'start', 'stop', 'restart', 'quit']);
});

test('the status line names state, driver, accelerator, phase and machine', () => {
  assert.equal(statusLine(status('running', { accelerator: 'kvm' }), texts), 'Machine: running · qemu (kvm)');
  assert.equal(statusLine(status('running', { driver: 'native', accelerator: 'none' }), texts), 'Machine: running · native');
  assert.equal(statusLine(status('starting', { name: 'dev', phases: [{ phase: 'probe', startedMs: 0, endedMs: 9 }, { phase: 'boot', startedMs: 9 }] }), texts), 'Machine dev: starting… · boot');
  assert.equal(statusLine(status('stopped'), trayTexts('zh-Hans-CN')), '虚拟机: 已停止');
});

test('a failure is told, shortened', () => {
  const [failure] = trayMenu(status('error', { failure: { phase: 'ssh', message: 'x'.repeat(200), consoleTail: [] } }), texts, actions).filter(({ id }) => id === 'failure');
  assert.deepEqual([failure?.label?.length, failure?.enabled], [80, false]);
});

test('each state has its icon', () => {
  assert.deepEqual((['stopped', 'starting', 'running', 'stopping', 'error'] as const).map((state) => trayIcon(status(state))), ['stopped', 'busy', 'running', 'busy', 'error']);
});
