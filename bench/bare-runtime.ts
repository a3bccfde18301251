import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { exec } from '../src/base/exec.ts';
import { findTool } from '../test/fixtures/requirements.ts';
import { uniqueName, type Scratch } from '../test/fixtures/scratch.ts';

/** `true` of busybox in a container of the runtime alone, with no engine: the least that a run can cost. */
export async function bareRuntime(name: string, scratch: Scratch): Promise<() => Promise<unknown>> {
  const bin = scratch.file('rootfs/bin');
  await mkdir(bin, { recursive: true });
  for (const directory of ['proc', 'dev', 'sys']) await mkdir(scratch.file(`rootfs/${directory}`));
  await copyFile(findTool('busybox') ?? 'busybox', `${bin}/busybox`);
  await chmod(`${bin}/busybox`, 0o755);
  await symlink('busybox', `${bin}/true`);
  await exec(name, ['spec'], { cwd: scratch.path });
  const spec = JSON.parse(await readFile(scratch.file('config.json'), 'utf8')) as { process: { terminal: boolean; args: string[] } };
  spec.process = { ...spec.process, terminal: false, args: ['/bin/true'] };
  await writeFile(scratch.file('config.json'), JSON.stringify(spec));
  return () => exec(name, ['--root', scratch.file('state'), 'run', '--bundle', scratch.path, uniqueName('bare')]);
}
