import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotImplementedError, UnavailableError } from '../api/errors.ts';
import { chooseDriver } from './choose-driver.ts';
import type { VmDriver } from './vm-driver.ts';

function driver(name: 'qemu' | 'native', reason?: string): VmDriver {
  return { name, capabilities: { guest: true, shell: true, phases: [] }, unavailable: () => Promise.resolve(reason), start: () => Promise.reject(new Error('not in this test')) };
}

test('auto takes the first driver that can work', async () => {
  assert.equal((await chooseDriver('auto', { qemu: driver('qemu'), native: driver('native') })).name, 'qemu');
  assert.equal((await chooseDriver('auto', { qemu: driver('qemu', 'not installed'), native: driver('native') })).name, 'native');
});

test('when none can, every reason is told', async () => {
  const none = chooseDriver('auto', { qemu: driver('qemu', 'not installed'), native: driver('native', 'needs root') });
  await assert.rejects(none, (error: unknown) => error instanceof UnavailableError && /qemu: not installed; native: needs root/.test(error.message));
});

test('drivers of later versions are refused plainly', async () => {
  await assert.rejects(chooseDriver('vfkit', {}), (error: unknown) => error instanceof NotImplementedError && /not part of this version/.test(error.message));
  await assert.rejects(chooseDriver('wsl2', {}), NotImplementedError);
});
