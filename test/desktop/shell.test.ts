import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { missing } from '../fixtures/requirements.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { RUNNING, FAILED, STOPPED } from './agent-double.ts';
import { DESKTOP_FILES, DesktopApp } from './desktop-app.ts';

describe('desktop shell', { skip: missing({ files: DESKTOP_FILES }) }, () => {
  test('asks for a locked window', async () => {
    await using app = await DesktopApp.start();
    const { webPreferences } = app.electron.window.options;
    assert.equal(app.electron.app.sandboxed, true);
    assert.deepEqual(
      { sandbox: webPreferences['sandbox'], contextIsolation: webPreferences['contextIsolation'], nodeIntegration: webPreferences['nodeIntegration'], webSecurity: webPreferences['webSecurity'], webviewTag: webPreferences['webviewTag'] },
      { sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false },
    );
    assert.equal(app.electron.window.url, 'app://strata/');
  });

  test('refuses navigation, windows, web views and permissions', async () => {
    await using app = await DesktopApp.start();
    const contents = app.electron.window.webContents;
    assert.equal(contents.prevented('will-navigate', { url: 'https://example.com/' }), true);
    assert.equal(contents.prevented('will-navigate', { url: 'file:///etc/passwd' }), true);
    assert.equal(contents.prevented('will-navigate', { url: 'app://strata/#/images' }), false);
    assert.equal(contents.prevented('will-attach-webview', {}), true);
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'app://strata/', 'http://user:secret@localhost/']) assert.deepEqual(contents.openHandler?.({ url }), { action: 'deny' });
    assert.deepEqual(app.electron.opened, []);
    assert.deepEqual(contents.openHandler?.({ url: 'http://localhost:8080/' }), { action: 'deny' });
    assert.deepEqual(app.electron.opened, ['http://localhost:8080/']);
    const granted: Record<string, boolean> = {};
    for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'clipboard-sanitized-write']) app.electron.permission?.(contents, permission, (yes) => { granted[permission] = yes; });
    assert.deepEqual(granted, { media: false, geolocation: false, notifications: false, 'clipboard-read': false, 'clipboard-sanitized-write': true });
    assert.equal(app.electron.permissionCheck?.(contents, 'media'), false);
  });

  test('serves the interface and nothing else, with a strict policy', async () => {
    await using app = await DesktopApp.start();
    const serve = app.electron.protocols.get('app');
    assert.ok(serve);
    const page = await serve({ url: 'app://strata/', method: 'GET' });
    assert.equal(page.status, 200);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|data:|blob:/);
    const html = await page.text();
    const script = /src="\.\/([^"]+\.js)"/.exec(html)?.[1] ?? '';
    assert.equal((await serve({ url: `app://strata/${script}`, method: 'GET' })).headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.doesNotMatch(html, /<script(?![^>]*src=)/, 'no inline script');
    for (const url of ['app://strata/../package.json', 'app://strata/%2e%2e/%2e%2e/package.json', 'app://strata/..%2f..%2fpackage.json', 'app://other/index.html', 'app://strata/assets/', 'app://strata/%00', 'app://strata/none.js']) {
      assert.equal((await serve({ url, method: 'GET' })).status, 404, url);
    }
    assert.equal((await serve({ url: 'app://strata/', method: 'POST' })).status, 404);
  });

  test('a second instance gives way, and the first shows its window', async () => {
    await using app = await DesktopApp.start();
    app.electron.app.emit('second-instance', {});
    assert.ok(app.electron.window.calls.includes('focus'));
    await using second = await DesktopApp.start({ locked: false });
    assert.equal(second.electron.app.quits, 1);
    assert.equal(second.electron.windows.length, 0);
  });

  test('keeps where the window was, and opens it again', async () => {
    await using app = await DesktopApp.start();
    app.electron.window.bounds = { x: 11, y: 22, width: 800, height: 555 };
    app.electron.window.close();
    const saved = await waitUntil('the window state to be saved', async () => JSON.parse(await readFile(app.scratch.file('window.json'), 'utf8')) as unknown);
    assert.deepEqual(saved, { width: 800, height: 555, position: { x: 11, y: 22 }, maximized: false });
    app.electron.tray.item('Open Strata')?.click?.();
    assert.equal(app.electron.windows.length, 2);
    assert.equal(app.electron.window.options['width'], 800);
    assert.equal(app.electron.window.options['x'], 11);
  });

  test('the tray shows the machine and acts on it', async () => {
    await using app = await DesktopApp.start();
    const { tray } = app.electron;
    await waitUntil('the tray to show a running machine', () => tray.item('status')?.label === 'Machine: running · qemu (tcg)');
    assert.match(tray.image.path, /tray-running/);
    assert.deepEqual(['start', 'stop', 'restart'].map((id) => tray.item(id)?.enabled), [false, true, true]);
    tray.item('restart')?.click?.();
    tray.item('stop')?.click?.();
    await waitUntil('both calls', () => app.agent.calls.includes('POST /v1/restart') && app.agent.calls.includes('POST /v1/stop'));
    app.agent.set(FAILED);
    await waitUntil('the tray to show the failure', () => /tray-error/.test(tray.image.path));
    assert.match(tray.item('failure')?.label ?? '', /did not mount its data disk/);
    app.agent.set(STOPPED);
    await waitUntil('the tray to show that it is off', () => /tray-stopped/.test(tray.image.path));
    assert.deepEqual(['start', 'stop', 'restart'].map((id) => tray.item(id)?.enabled), [true, false, false]);
    app.agent.set(RUNNING);
    await waitUntil('the tray to show that it runs', () => /tray-running/.test(tray.image.path));
  });

  test('closing and quitting stop no machine', async () => {
    await using app = await DesktopApp.start();
    app.electron.window.close();
    app.electron.app.emit('window-all-closed');
    assert.equal(app.electron.app.quits, 0);
    app.electron.quit();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(app.agent.calls, []);
  });

  test('speaks Chinese where the system does', async () => {
    await using app = await DesktopApp.start({ locale: 'zh-CN' });
    await waitUntil('the tray', () => app.electron.tray.item('status')?.label === '虚拟机: 运行中 · qemu (tcg)');
    assert.ok(app.electron.tray.item('打开 Strata'));
  });
});
