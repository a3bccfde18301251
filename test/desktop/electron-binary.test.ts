import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../fixtures/scratch.ts';
import { ROOT } from './electron-double.ts';

/** `npm install` brings the types and the launcher of Electron; its binary is a download of its own. */
function electronBinary(): string | undefined {
  const pathFile = join(ROOT, 'node_modules/electron/path.txt');
  if (!existsSync(pathFile)) return undefined;
  const binary = join(ROOT, 'node_modules/electron/dist', readFileSync(pathFile, 'utf8'));
  return existsSync(binary) ? binary : undefined;
}

test('the real Electron loads the app, sandboxed', { skip: electronBinary() === undefined ? 'skipped: no Electron binary' : false }, async () => {
  await using scratch = await Scratch.create('el');
  const probe = [
    "const { app, webContents } = require('electron');",
    "app.on('web-contents-created', (_event, contents) => contents.once('did-finish-load', async () => {",
    '  const inside = await contents.executeJavaScript("({ bridge: typeof window.strataDesktop, node: typeof require, title: document.title, origin: location.origin })");',
    '  console.log(JSON.stringify(inside)); app.exit(0); }));',
    `require(${JSON.stringify(join(ROOT, 'dist/desktop/main.cjs'))});`,
  ].join('\n');
  const file = scratch.file('probe.cjs');
  (await import('node:fs')).writeFileSync(file, probe);
  const run = spawnSync(electronBinary() ?? '', [file, '--no-sandbox', `--user-data-dir=${scratch.path}`], { encoding: 'utf8', timeout: 60_000, env: { ...process.env, STRATA_HOME: scratch.path } });
  const line = run.stdout.split('\n').find((text) => text.startsWith('{')) ?? '';
  assert.deepEqual(JSON.parse(line), { bridge: 'object', node: 'undefined', title: 'Strata', origin: 'app://strata' }, run.stderr);
});
