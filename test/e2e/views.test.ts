import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { FAILED, RUNNING, STARTING, STOPPED } from '../desktop/agent-double.ts';
import { ROOT } from '../desktop/electron-double.ts';
import { DesktopApp } from '../desktop/desktop-app.ts';
import { findingsOfAxe, keepPicture, LANGUAGES, launchBrowser, prefer, THEMES } from './browser.ts';
import { openDesktopPage } from './desktop-page.ts';
import { Scene, sceneMissing } from './scene.ts';

const skip = await sceneMissing();

describe('every view, in both themes and languages', { skip }, () => {
  let scene: Scene;
  let empty: Scene;
  let app: DesktopApp;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const findings: string[] = [];

  before(async () => {
    [scene, empty] = [await Scene.start(), await Scene.start()];
    await scene.furnish();
    app = await scene.app();
    browser = await launchBrowser();
    page = await openDesktopPage(browser, app);
    page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text()); });
    page.on('pageerror', (error) => { problems.push(error.message); });
  });
  after(async () => {
    await browser.close();
    await app[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
    await empty[Symbol.asyncDispose]();
  });

  const visit = async (where: string, until: string): Promise<void> => {
    // The router hears of addresses once it has shown the first view.
    await page.locator('h1').first().waitFor({ timeout: 15_000 });
    await page.evaluate((hash) => { location.hash = hash; }, where);
    await page.locator(until).first().waitFor({ timeout: 15_000 });
  };
  /** Keeps a picture; contrast and names are the same in both languages, so axe looks at one. */
  const look = async (name: string, at: Page = page): Promise<void> => {
    if (!name.endsWith('-zh')) findings.push(...(await findingsOfAxe(at, name, name.includes('-dark-'))));
    await keepPicture(at, name);
  };
  const accessible = (): void => { assert.deepEqual(findings.splice(0), []); };
  /** A window of its own, on an app of its own, for as long as `work` takes. */
  const inWindow = async (own: DesktopApp, theme: string, language: string, work: (first: Page) => Promise<void>): Promise<void> => {
    const first = await openDesktopPage(browser, own);
    try {
      await prefer(first, theme, language);
      await first.reload();
      await work(first);
    } finally {
      await first.context().close();
    }
  };

  for (const theme of THEMES) for (const language of LANGUAGES) {
    const named = (name: string): string => `${name}-${theme}-${language}`;

    test(`lists and details: ${theme}, ${language}`, async () => {
      app.agent.set(RUNNING);
      await prefer(page, theme, language);
      await page.reload();
      await visit('/containers', 'text=failed-job');
      assert.equal(await page.evaluate(() => document.documentElement.dataset['theme']), theme);
      await look(named('containers'));
      await page.locator('tr', { hasText: 'web' }).locator('.menu-trigger').click();
      await page.locator('.menu-item').first().waitFor();
      await keepPicture(page, named('containers-menu'));
      await page.keyboard.press('Escape');
      await page.locator('tr', { hasText: 'failed-job' }).locator('.icon-button.danger').click();
      await page.locator('[role=alertdialog]').waitFor();
      await look(named('containers-remove'));
      await page.keyboard.press('Escape');
      await page.locator('[role=alertdialog]').waitFor({ state: 'detached' });
      await page.locator('a', { hasText: /^web$/ }).click();
      await page.locator('.line', { hasText: 'slow upstream' }).first().waitFor();
      await look(named('container-logs'));
      const id = /containers\/([0-9a-f]+)/.exec(page.url())?.[1] ?? '';
      await visit(`/containers/${id}/details`, 'text=MODE=production');
      await look(named('container-details'));
      await visit(`/containers/${id}/inspect`, 'pre .key');
      await look(named('container-inspect'));
      await visit('/images', 'text=layers:latest');
      await look(named('images'));
      accessible();
    });

    test(`machine: ${theme}, ${language}`, async () => {
      app.agent.set(RUNNING);
      await prefer(page, theme, language);
      await page.reload();
      await visit('/machine', 'ol li');
      await look(named('machine-running'));
      app.agent.set(STARTING);
      await page.locator('li.running').waitFor();
      await look(named('machine-starting'));
      app.agent.set(FAILED);
      await page.locator('text=ext4_find_entry').waitFor();
      await look(named('machine-failed'));
      app.agent.set(RUNNING);
      accessible();
    });

    test(`nothing there yet, and machine off: ${theme}, ${language}`, async () => {
      {
        await using bare = await empty.app();
        await inWindow(bare, theme, language, async (first) => {
          await first.locator('text=strata run --rm strata/welcome').waitFor();
          await look(named('containers-empty'), first);
        });
      }
      await using off = await DesktopApp.start();
      off.agent.set(STOPPED);
      await inWindow(off, theme, language, async (first) => {
        await first.locator('text=strata machine start').waitFor();
        await look(named('machine-off'), first);
      });
      accessible();
    });
  }

  test('a narrow window', async () => {
    app.agent.set(RUNNING);
    await prefer(page, 'light', 'en');
    await page.setViewportSize({ width: 720, height: 480 });
    await page.reload();
    await visit('/containers', 'text=failed-job');
    await look('containers-narrow');
    await page.setViewportSize({ width: 1180, height: 720 });
    accessible();
  });

  test('the content security policy and the console stay silent', () => {
    assert.deepEqual(problems, []);
  });
});

test('the first view is at most 250 kB, compressed', { skip }, () => {
  const dist = join(ROOT, 'dist/renderer');
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const first = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  const bytes = first.reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0);
  assert.ok(bytes > 0 && bytes <= 250_000, `${String(bytes)} bytes in ${first.join(', ')}`);
  assert.ok(readdirSync(join(dist, 'assets')).length > first.length, 'the other views are loaded when they are asked for');
});
