import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the installation: the folder that holds `dist/` and `node_modules/`. */
export function installationRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
}

/** The desktop app's program; undefined where it is not installed. */
export function desktopProgram(root: string): string[] | undefined {
  const binary = join(root, 'node_modules/electron/dist', process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : process.platform === 'win32' ? 'electron.exe' : 'electron');
  return existsSync(binary) && existsSync(join(root, 'dist/desktop/main.cjs')) ? [binary, root] : undefined;
}

/** The command that opens a browser; undefined where there is no display to open it on. */
export function browserCommand(env: NodeJS.ProcessEnv): string[] | undefined {
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['explorer.exe'];
  const display = (env['DISPLAY'] ?? '') !== '' || (env['WAYLAND_DISPLAY'] ?? '') !== '';
  const found = (env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'xdg-open')));
  return display && found ? ['xdg-open'] : undefined;
}

/** Starts a program that lives on without us. @returns false when it cannot be started. */
export async function launch([program = '', ...args]: readonly string[]): Promise<boolean> {
  const child = spawn(program, args, { detached: true, stdio: 'ignore' });
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => { resolve(true); });
    child.once('error', () => { resolve(false); });
  });
  child.unref();
  return started;
}
