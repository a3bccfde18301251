import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { welcomeProgram } from './program.ts';
import { welcomeArchive } from './welcome-image.ts';

test('the program prints its file and says by its status when it cannot', { skip: process.platform === 'linux' && process.arch === 'x64' ? false : 'needs Linux on x86_64' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-welcome-'));
  try {
    const message = join(folder, 'm');
    const text = 'hello\n'.repeat(2000);
    writeFileSync(message, text);
    writeFileSync(join(folder, 'run'), welcomeProgram('amd64', message), { mode: 0o755 });
    assert.equal(execFileSync(join(folder, 'run'), { encoding: 'utf8' }), text);
    rmSync(message);
    assert.throws(() => execFileSync(join(folder, 'run')), { status: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the archive is the same every time, small, and names the image in both ways', () => {
  const archive = welcomeArchive('arm64', 'hi');
  assert.deepEqual(archive, welcomeArchive('arm64', 'hi'));
  assert.ok(archive.length < 20_000);
  const text = archive.toString('latin1');
  assert.match(text, /"RepoTags":\["strata\/welcome:latest"\]/);
  assert.match(text, /"io\.containerd\.image\.name":"docker\.io\/strata\/welcome:latest"/);
  assert.match(text, /"architecture":"arm64"/);
});
