import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ROOT } from '../desktop/electron-double.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Why no browser can be driven here, for `skip`. */
export function browserMissing(): string | false {
  return existsSync(CHROMIUM) ? false : 'skipped: no chromium on this machine (apt-get install chromium)';
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

export const THEMES = ['light', 'dark'] as const;
export const LANGUAGES = ['en', 'zh'] as const;

/** Chooses theme and language as the preferences menu does, for the next load of the page. */
export async function prefer(page: Page, theme: string, locale: string): Promise<void> {
  await page.evaluate((value) => { localStorage.setItem('strata.preferences', value); }, JSON.stringify({ theme, locale }));
}

/** Writes `test-results/e2e/<name>.png`. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(ROOT, 'test-results/e2e');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds on the page as it stands. @param colours look at contrast only: the rest does not change with the theme */
export async function findingsOfAxe(page: Page, what: string, colours: boolean): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(readFileSync(AXE, 'utf8'));
  const findings = await page.evaluate(async (rules) => {
    // A dialog that is still fading in has the contrast of its fade.
    await Promise.race([Promise.allSettled(document.getAnimations().map((animation) => animation.finished)), new Promise((resolve) => setTimeout(resolve, 1000))]);
    const { axe } = window as unknown as { axe: { run: (context: Document, options: object) => Promise<{ violations: { id: string; help: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> } };
    const { violations } = await axe.run(document, { runOnly: rules });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 3).map((node) => `    ${node.target.join(' ')}: ${node.failureSummary?.replace(/\n\s*/g, ' ') ?? ''}`).join('\n')}`);
  }, colours ? ['color-contrast'] : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  return findings.map((finding) => `${what}: ${finding}`);
}
