import { constants } from 'node:fs';
import { access, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { UnavailableError } from '../../api/errors.ts';
import { exec } from '../../base/exec.ts';
import type { Logger } from '../../base/log.ts';
import type { OciSpec } from './oci-spec.ts';

export interface FoundRuntime {
  name: string;
  path: string;
  version: string;
}

/** In the order in which we would rather use them: crun starts a container about three times faster. */
const CANDIDATES = ['crun', 'runc'] as const;

/**
 * Chooses the OCI runtime by running a container with it: what a runtime refuses on this machine (crun on hybrid cgroups, a missing
 * privilege) shows only then. The container is the shim itself (`strata-shim --version`), static and alone in its root.
 * @param options.wanted `crun`, `runc` or a path; undefined tries both
 * @param options.scratch a directory for the probe, made and removed here
 * @throws UnavailableError that says what each runtime answered and how to get one
 */
export async function findRuntime(options: { wanted: string | undefined; shim: string; scratch: string; log: Logger }): Promise<FoundRuntime> {
  const refusals: string[] = [];
  for (const candidate of options.wanted === undefined ? CANDIDATES : [options.wanted]) {
    const path = await findInPath(candidate);
    if (path === undefined) {
      refusals.push(`${candidate}: not installed (apt-get install ${candidate})`);
      continue;
    }
    try {
      const version = await probe(path, options);
      return { name: path.split('/').at(-1) ?? candidate, path, version };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      options.log.info('runtime refuses to run here', { runtime: path, error: text });
      refusals.push(text);
    }
  }
  throw new UnavailableError(`no OCI runtime works on this machine: ${refusals.join('; ')}`);
}

async function probe(path: string, options: { shim: string; scratch: string; log: Logger }): Promise<string> {
  const { scratch, log } = options;
  const id = `strata-probe-${String(process.pid)}`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(join(scratch, 'rootfs'), { recursive: true, mode: 0o700 });
  try {
    await copyFile(options.shim, join(scratch, 'rootfs/probe'));
    await writeFile(join(scratch, 'config.json'), JSON.stringify(probeSpec(id)));
    const [, version] = await Promise.all([
      exec(path, ['--root', join(scratch, 'state'), 'run', '--bundle', scratch, id], { log, timeoutMs: 20_000 }),
      exec(path, ['--version'], { log, timeoutMs: 20_000 }),
    ]);
    return /version\s+(\S+)/.exec(version.stdout)?.[1] ?? 'unknown';
  } catch (error) {
    await exec(path, ['--root', join(scratch, 'state'), 'delete', '--force', id], { log, timeoutMs: 20_000 }).catch(() => undefined);
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function probeSpec(id: string): OciSpec {
  return {
    ociVersion: '1.0.2',
    root: { path: 'rootfs', readonly: true },
    process: {
      terminal: false, user: { uid: 0, gid: 0, additionalGids: [] }, args: ['/probe', '--version'], env: [], cwd: '/', noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], permitted: [] },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: [] },
      // crun makes the default devices in every container and wants the folder for them.
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
    ],
    linux: {
      namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'ipc' }, { type: 'uts' }], cgroupsPath: `/strata/${id}`,
      resources: { devices: [{ allow: false, access: 'rwm' }] }, devices: [],
    },
  };
}

async function findInPath(name: string): Promise<string | undefined> {
  const places = name.includes('/') ? [name] : [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin'].map((directory) => join(directory, name));
  for (const path of places) {
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  return undefined;
}
