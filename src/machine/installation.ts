import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuestArch } from './guest-arch.ts';

/** Where the parts of Strata are, whether it runs from its sources or from what was built of them. */
export interface Installation {
  /** Command that runs the machine agent. */
  readonly agentCommand: readonly [string, ...string[]];
  /** Command that runs the engine on this host. */
  readonly engineCommand: readonly [string, ...string[]];
  readonly guestImageDirectory: (arch: GuestArch) => string;
  /** Archive of the bundled welcome image; may be absent. */
  readonly welcomeArchive: (arch: GuestArch) => string;
}

/** `STRATA_GUEST_IMAGES` moves the directory of built guests (it holds one directory per architecture). */
export function findInstallation(env: NodeJS.ProcessEnv = process.env): Installation {
  const here = fileURLToPath(import.meta.url);
  const root = installationRoot(dirname(here));
  const fromSources = here.endsWith('.ts');
  const node = pinnedNode(root);
  const program = (built: string, source: string): readonly [string, ...string[]] => [node, fromSources ? join(root, source) : join(root, built)];
  const images = env['STRATA_GUEST_IMAGES'] ?? join(root, 'build', 'guest');
  return {
    agentCommand: program('dist/strata-host.mjs', 'src/machine/main.ts'),
    engineCommand: program('dist/engine/stratad.mjs', 'src/engine/main.ts'),
    guestImageDirectory: (arch) => join(images, arch),
    welcomeArchive: (arch) => join(root, 'build', 'welcome', `welcome-${arch}.tar`),
  };
}

function installationRoot(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory)) return from;
  }
}

/** The Node that Strata comes with. Within Electron, `process.execPath` is no Node. */
function pinnedNode(root: string): string {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const pinned = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(pinned) ? pinned : process.execPath;
}
