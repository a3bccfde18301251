import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { RUNNING } from '../desktop/agent-double.ts';
import type { DesktopApp } from '../desktop/desktop-app.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { keepPicture, launchBrowser } from './browser.ts';
import { Scene, sceneMissing } from './scene.ts';
import { Served } from './served.ts';

/** The interface as `strata gui --serve` serves it, in a real browser, on a real engine that others use at the same time. */
describe('the interface lives', { skip: await sceneMissing() }, () => {
  let scene: Scene;
  let app: DesktopApp;
  let served: Served;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  before(async () => {
    scene = await Scene.start();
    await scene.furnish();
    // Its home has the double of the agent, and the engine's socket.
    app = await scene.app();
    served = await Served.start({ STRATA_HOME: app.scratch.path });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1180, height: 720 } });
    page.on('pageerror', (error) => { problems.push(error.message); });
    await page.goto(served.url);
    await page.locator('text=failed-job').waitFor();
  });
  after(async () => {
    await browser.close();
    await served[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  const row = (name: string): ReturnType<Page['locator']> => page.locator('tr.row').filter({ has: page.locator('a.name', { hasText: new RegExp(`^${name}$`) }) });
  const goto = async (hash: string): Promise<void> => { await page.evaluate((to) => { location.hash = to; }, hash); };
  const containerId = (name: string): Promise<string> => scene.docker('inspect', '--format', '{{.Id}}', name);

  test('the token works once, and a stranger sees nothing', async () => {
    assert.equal((await fetch(served.url, { redirect: 'manual' })).status, 403);
    assert.equal((await fetch(new URL('/engine/_ping', served.url))).status, 403);
    const policy = (await page.request.get(new URL('/', served.url).href)).headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
  });

  test('what others do appears by itself', async () => {
    await scene.docker('run', '-d', '--name', 'visitor', 'busybox', 'sleep', '300');
    await row('visitor').locator('.badge.good').waitFor({ timeout: 10_000 });
    await scene.docker('rename', 'visitor', 'guest').catch(() => scene.docker('kill', 'visitor'));
    await scene.docker('rm', '-f', await scene.docker('ps', '-lq'));
    await waitUntil('it to go', async () => (await row('visitor').count()) + (await row('guest').count()) === 0);
  });

  test('start, stop and remove, with a question before what cannot be undone', async () => {
    await row('database').locator('.icon-button').first().click();
    await row('database').locator('.badge.good').waitFor({ timeout: 10_000 });
    assert.equal(await scene.docker('inspect', '--format', '{{.State.Status}}', 'database'), 'running');
    await row('database').locator('.menu-trigger').click();
    await page.locator('.menu-item.danger, .menu-item').filter({ hasText: 'Kill' }).click();
    await row('database').locator('.badge.bad').waitFor({ timeout: 10_000 });
    await row('database').locator('.icon-button.danger').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await row('database').count(), 1);
    await row('database').locator('.icon-button.danger').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await waitUntil('it to go', async () => (await row('database').count()) === 0);
    await assert.rejects(scene.docker('inspect', 'database'));
  });

  test('a refusal says what, why and what to do', async () => {
    await goto('/images');
    await page.locator('tr.row', { hasText: /busybox:(latest|1)/ }).locator('.icon-button.danger').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    const notice = page.locator('.notice');
    await notice.waitFor({ timeout: 10_000 });
    assert.match(await notice.innerText(), /could not be removed/);
    assert.match(await notice.innerText(), /Remove the containers that use it first/);
    await keepPicture(page, 'refusal');
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await notice.waitFor({ state: 'detached' });
    await goto('/containers');
  });

  test('the log follows at its end, and only there', async () => {
    await goto(`/containers/${await containerId('web')}/logs`);
    const box = page.locator('.lines');
    await page.locator('.line', { hasText: 'slow upstream' }).first().waitFor();
    const gap = (): Promise<number> => box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await waitUntil('enough lines to scroll', async () => box.evaluate((element) => element.scrollHeight > element.clientHeight + 100), { timeoutMs: 30_000 });
    await waitUntil('the end', async () => (await gap()) < 20);
    await box.evaluate((element) => { element.scrollTop = 0; });
    await page.locator('.jump').waitFor();
    await waitUntil('new lines below', async () => /new/.test(await page.locator('.jump').innerText()));
    assert.equal(await box.evaluate((element) => element.scrollTop), 0);
    await page.locator('.jump button').click();
    await waitUntil('the end again', async () => (await gap()) < 20);
    assert.ok((await page.locator('.line.stderr').count()) > 0);
    assert.ok((await page.locator('.line .fg2').count()) > 0);
  });

  test('a log of 120,000 lines costs as much as a short one', async () => {
    await scene.docker('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', 'seq 1 120000; sleep 600');
    await goto(`/containers/${await containerId('talker')}/logs`);
    await page.locator('.line', { hasText: /^120000$/ }).waitFor({ timeout: 60_000 });
    assert.ok((await page.locator('.line').count()) < 120);
    const frameMs = await page.evaluate(async () => {
      const box = document.querySelector('.lines');
      if (!box) throw new Error('no log');
      const times: number[] = [];
      for (let step = 0; step < 20; step += 1) {
        box.scrollTop = (box.scrollHeight / 20) * step;
        const before = performance.now();
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        times.push(performance.now() - before);
      }
      return times.sort((a, b) => a - b)[10] ?? 0;
    });
    assert.ok(frameMs < 200, `a jump takes ${String(frameMs)} ms`);
    await keepPicture(page, 'log-long');
    await goto('/containers');
  });

  test('the machine: phases as they happen, stop after a question, console', async () => {
    await goto('/machine');
    await page.locator('text=Ready after').waitFor();
    await page.getByRole('button', { name: 'Show' }).click();
    await page.locator('pre', { hasText: 'EXT4-fs' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stop' }).click();
    await waitUntil('the call', () => app.agent.calls.includes('POST /v1/stop'));
    app.agent.set({ ...RUNNING, state: 'stopping' });
    await page.locator('.card .badge', { hasText: 'Stopping' }).waitFor();
    app.agent.set(RUNNING);
    await page.locator('.card .badge', { hasText: 'Running' }).waitFor();
    await goto('/containers');
  });

  test('keyboard: skip link, places, and a dialog that gives the focus back', async () => {
    await row('web').waitFor();
    assert.equal(await page.evaluate(() => document.querySelector('a, button, input')?.textContent), 'Skip to content');
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
    const remove = row('failed-job').locator('.icon-button.danger');
    await remove.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent.trim()), 'Cancel');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await waitUntil('the focus to come back', async () => remove.evaluate((element) => element === document.activeElement));
  });

  test('a server that goes is told, and what was known stays', async () => {
    await served.program.stop();
    await page.locator('text=The engine cannot be reached').waitFor({ timeout: 15_000 });
    assert.equal(await row('web').count(), 1);
    await keepPicture(page, 'connection-lost');
    assert.deepEqual(problems, []);
  });
});
