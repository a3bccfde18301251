import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { pathsFor } from '../../src/machine/machine-life.ts';
import { NativeDriver } from '../../src/machine/native/native-driver.ts';
import { QemuDriver } from '../../src/machine/qemu/qemu-driver.ts';
import { vmDriverContract, type DriverUnderTest } from '../contract/vm-driver.ts';
import { fakeInstallation } from './fake-installation.ts';

/** The contract on both drivers, each with a double of what it starts. `boot.test.ts` runs the QEMU driver on the real thing. */

async function qemuWithDouble(t: TestContext): Promise<DriverUnderTest> {
  const { home, images } = await fakeInstallation(t);
  const paths = pathsFor({ home });
  await mkdir(paths.directory, { recursive: true });
  return { driver: new QemuDriver({ paths, platform: 'linux', hostArch: 'amd64', guestArch: 'amd64', imageDirectory: join(images, 'amd64'), log: silentLogger }), patienceMs: 60_000 };
}

async function nativeWithDouble(t: TestContext): Promise<DriverUnderTest> {
  const { home } = await fakeInstallation(t);
  const paths = pathsFor({ home });
  await mkdir(paths.directory, { recursive: true });
  const engineCommand = [process.execPath, join(import.meta.dirname, 'doubles', 'fake-engine.ts')] as const;
  return { driver: new NativeDriver({ paths, engineCommand, dataRoot: join(paths.directory, 'engine'), execRoot: join(paths.directory, 'exec'), log: silentLogger }), patienceMs: 60_000 };
}

vmDriverContract('qemu (double of the program)', qemuWithDouble);
if (process.platform === 'linux' && process.getuid?.() === 0) vmDriverContract('native (double of the engine)', nativeWithDouble);
else test('native driver', { skip: 'needs root on Linux' }, () => undefined);
