#!/usr/bin/env node
/**
 * The first step of every npm script, in plain JavaScript because it must run on whatever Node the machine has: brings
 * node_modules up to date with package-lock.json, then hands over to src/setup/main.ts on the Node that the project pins.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pinned = `${root}node_modules/node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}/bin/node${process.platform === 'win32' ? '.exe' : ''}`;
const stamp = `${root}node_modules/.strata-lock`;

const lock = createHash('sha256').update(readFileSync(`${root}package-lock.json`)).digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  process.stderr.write('==> Installing npm packages\n');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (npm.status !== 0) {
    process.stderr.write('strata: npm ci failed; its messages are above. Is the npm registry reachable?\n');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
if (!existsSync(pinned)) {
  process.stderr.write(`strata: no Node for ${process.platform}/${process.arch} among the npm packages (looked for ${pinned})\n`);
  process.exit(1);
}
const run = spawnSync(pinned, [`${root}src/setup/main.ts`, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(run.status ?? 1);
