import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import type { StartPhase } from '../../src/api/machine.ts';
import { START_PHASES } from '../../src/api/machine.ts';
import type { GuestReport } from '../../src/machine/guest/guest-report.ts';
import type { RunningVm, VmDriver } from '../../src/machine/vm-driver.ts';

export interface DriverUnderTest {
  driver: VmDriver;
  /** How long one start may take until the engine is reported. */
  patienceMs: number;
}

/**
 * What every `VmDriver` promises, run on each implementation. `create` gives a driver for a new, empty machine that can start here;
 * what it needs is undone with the test. Each test starts at most twice, because a start may be a real boot.
 */
export function vmDriverContract(name: string, create: (t: TestContext) => Promise<DriverUnderTest>): void {
  describe(`VmDriver contract: ${name}`, () => {
    test('describes itself as data, and says whether it can work', async (t) => {
      const { driver } = await create(t);
      const { phases } = driver.capabilities;
      assert.deepEqual(phases, START_PHASES.filter((phase) => phases.includes(phase)), 'phases are in the order of a start');
      for (const phase of ['probe', 'disk', 'boot', 'engine', 'forward'] as const) assert.ok(phases.includes(phase), phase);
      assert.equal(await driver.unavailable(), undefined);
    });

    test('starts, reports the engine, stops in order, and can start again', async (t) => {
      const subject = await create(t);
      const run = await started(t, subject);
      assert.deepEqual(run.phases, ['begin probe', `on ${run.vm.accelerator}`, 'end probe', 'begin disk', 'end disk', 'begin boot', 'end boot']);
      assert.ok(run.vm.pid > 0 && (await lives(run.vm.pid)));
      assert.equal(run.vm.reach.kind, subject.driver.capabilities.guest ? 'ssh' : 'local');
      await run.engine;
      assert.ok(run.vm.consoleTail(2).length <= 2);
      await Promise.all([run.vm.stop(), run.vm.stop()]);
      assert.deepEqual(await run.vm.ended, { expected: true, how: (await run.vm.ended).how });
      assert.equal(await lives(run.vm.pid), false);
      await run.vm.kill();
      const second = await started(t, subject);
      assert.notEqual(second.vm.pid, run.vm.pid);
      await second.vm.kill();
      await second.vm.kill();
      assert.equal((await second.vm.ended).expected, true);
    });

    test('an end that nobody asked for is told as such', async (t) => {
      const { vm } = await started(t, await create(t));
      process.kill(vm.pid, 'SIGKILL');
      const { expected, how } = await vm.ended;
      assert.equal(expected, false);
      assert.match(how, /SIGKILL/);
    });

    test('giving up leaves no process, before and after the start', async (t) => {
      const { driver } = await create(t);
      await assert.rejects(driver.start(request({ signal: AbortSignal.abort(new Error('given up')) })));
      const abort = new AbortController();
      const vm = await driver.start(request({ signal: abort.signal }));
      abort.abort();
      await vm.ended;
      assert.equal(await lives(vm.pid), false);
    });
  });
}

async function started(t: TestContext, { driver, patienceMs }: DriverUnderTest): Promise<{ vm: RunningVm; phases: string[]; engine: Promise<unknown> }> {
  const phases: string[] = [];
  const engine = Promise.withResolvers<undefined>();
  engine.promise.catch(() => undefined);
  const timer = setTimeout(() => { engine.reject(new Error(`the engine was not reported within ${String(patienceMs)} ms`)); }, patienceMs);
  const vm = await driver.start(request({
    beginPhase: (phase) => { phases.push(`begin ${phase}`); },
    endPhase: (phase) => { phases.push(`end ${phase}`); },
    onAccelerator: (accelerator) => { phases.push(`on ${accelerator}`); },
    onReport: (report) => { if (report.kind === 'phase' && report.phase === 'engine' && report.state === 'end') engine.resolve(undefined); },
  }));
  t.after(() => {
    clearTimeout(timer);
    return vm.kill();
  });
  return { vm, phases, engine: engine.promise };
}

function request(overrides: Partial<Parameters<VmDriver['start']>[0]>): Parameters<VmDriver['start']>[0] {
  const ignore = (_: StartPhase): void => undefined;
  return { cpus: 2, memoryMiB: 1024, diskGiB: 4, beginPhase: ignore, endPhase: ignore, onAccelerator: (_: string) => undefined, onReport: (_: GuestReport) => undefined, signal: new AbortController().signal, ...overrides };
}

function lives(pid: number): Promise<boolean> {
  return stat(`/proc/${String(pid)}/cwd`).then(() => true, () => false);
}
