import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { listMachines, stopMachine } from '../../src/machine/machine-life.ts';

/** A home of its own for one test, with a program named as QEMU first on PATH and a guest image of nothing. Everything is undone after the test. */
export async function fakeInstallation(t: TestContext, options: { mode?: string; deadlines?: string } = {}): Promise<{ home: string; images: string; bin: string }> {
  // Short: socket paths are limited.
  const root = await mkdtemp('/tmp/sm-');
  const home = join(root, 'h');
  const images = join(root, 'g');
  const bin = join(root, 'bin');
  const former = { PATH: process.env['PATH'], STRATA_HOME: process.env['STRATA_HOME'], STRATA_GUEST_IMAGES: process.env['STRATA_GUEST_IMAGES'], FAKE_QEMU: process.env['FAKE_QEMU'], STRATA_PHASE_DEADLINES: process.env['STRATA_PHASE_DEADLINES'] };
  t.after(async () => {
    for (const machine of await listMachines(home)) await stopMachine({ name: machine.name, home }, { force: true }).catch(() => undefined);
    for (const [name, value] of Object.entries(former)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await rm(root, { recursive: true, force: true });
  });
  await mkdir(bin, { recursive: true });
  const program = join(import.meta.dirname, 'doubles', 'fake-qemu.ts');
  await writeFile(join(bin, 'qemu-system-x86_64'), `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`, { mode: 0o755 });
  await writeFakeImage(join(images, 'amd64'));
  Object.assign(process.env, { PATH: `${bin}${delimiter}${dirname(process.execPath)}${delimiter}/usr/bin${delimiter}/bin`, STRATA_HOME: home, STRATA_GUEST_IMAGES: images, FAKE_QEMU: options.mode ?? 'normal' });
  if (options.deadlines !== undefined) process.env['STRATA_PHASE_DEADLINES'] = options.deadlines;
  return { home, images, bin };
}

async function writeFakeImage(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const files: Record<string, { sha256: string; bytes: number }> = {};
  for (const name of ['vmlinuz', 'initrd', 'root.img']) {
    await writeFile(join(directory, name), `fake ${name}`);
    files[name] = { sha256: createHash('sha256').update(`fake ${name}`).digest('hex'), bytes: 5 + name.length };
  }
  await writeFile(join(directory, 'manifest.json'), JSON.stringify({ version: 'fake-1', arch: 'amd64', files }));
}

/** Names in the machine's directory that only a living agent may have: must be empty when it is gone. */
export async function leftovers(home: string, name = 'default'): Promise<string[]> {
  const files = await readdir(join(home, 'machines', name)).catch(() => []);
  return files.filter((file) => file.endsWith('.sock') || file.startsWith('agent.pid') || file.endsWith('.tmp'));
}

/** True when a process with this pid lives (and is not a zombie). */
export async function lives(pid: number | undefined): Promise<boolean> {
  return pid !== undefined && (await stat(`/proc/${String(pid)}/cwd`).then(() => true, () => false));
}
