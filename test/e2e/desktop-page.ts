import type { Browser, Page } from 'playwright-core';
import type { BridgeEvent, BridgeRequest, DesktopBridge } from '../../src/api/desktop.ts';
import type { DesktopApp } from '../desktop/desktop-app.ts';

/** Where the page is in Chromium: a secure origin that exists only in this test. The double's frames say `app://strata` all the same. */
const STAND_IN = 'https://strata.test';

interface WireEvent { id: string; type: string; status?: number; message?: string; data?: string }

/**
 * The real interface in a real Chromium over the real main process and preload in the double of Electron: files come from the handler of
 * `app://`, with its content security policy, and `window.strataDesktop` leads to the preload's. Electron's own part is doubled.
 */
export async function openDesktopPage(browser: Browser, app: DesktopApp, size: { width: number; height: number } = { width: 1180, height: 720 }): Promise<Page> {
  const context = await browser.newContext({ viewport: size, permissions: [], reducedMotion: 'reduce' });
  const page = await context.newPage();
  const serve = app.electron.protocols.get('app');
  if (serve === undefined) throw new Error('main has not registered app://');
  await page.route(`${STAND_IN}/**`, async (route) => {
    const response = await serve({ url: route.request().url().replace(STAND_IN, 'app://strata'), method: route.request().method() });
    await route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body: Buffer.from(await response.arrayBuffer()) });
  });
  await connect(page, app.bridge(), () => { app.electron.window.webContents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false }); });
  await page.goto(`${STAND_IN}/`);
  return page;
}

/**
 * Bytes cross between test and page as base64. Each document of the page has a name and a queue of its own, from which it fetches its
 * events: none is lost before it listens, and none goes to the document before it.
 */
async function connect(page: Page, bridge: DesktopBridge, onDocument: () => void): Promise<void> {
  const queues = new Map<string, { waiting: WireEvent[]; wake: () => void }>();
  const owners = new Map<string, string>();
  const queueOf = (name: string): { waiting: WireEvent[]; wake: () => void } => {
    const known = queues.get(name);
    if (known !== undefined) return known;
    onDocument();
    const made = { waiting: [], wake: () => undefined };
    queues.set(name, made);
    return made;
  };
  bridge.onEvent((event: BridgeEvent) => {
    const queue = queues.get(owners.get(event.id) ?? '');
    queue?.waiting.push(event.type === 'chunk' ? { ...event, data: Buffer.from(event.data).toString('base64') } : event);
    queue?.wake();
  });
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  await page.exposeFunction('strataNextEvents', async (name: string) => {
    const queue = queueOf(name);
    while (queue.waiting.length === 0) await new Promise<void>((resolve) => { queue.wake = resolve; });
    return queue.waiting.splice(0);
  });
  await page.exposeFunction('strataOpen', (name: string, request: BridgeRequest & { whole?: string }) => {
    queueOf(name);
    owners.set(request.id, name);
    return bridge.open({ ...request, body: request.whole === undefined ? request.body : bytes(request.whole) });
  });
  await page.exposeFunction('strataWrite', (id: string, chunk: string | null) => bridge.write(id, chunk === null ? null : bytes(chunk)));
  await page.exposeFunction('strataSend', (kind: 'credit' | 'close', id: string, count: number) => { if (kind === 'credit') bridge.credit(id, count); else bridge.close(id); });
  await page.addInitScript(() => {
    const host = window as unknown as {
      strataNextEvents: (name: string) => Promise<{ id: string; type: string; data?: string }[]>; strataOpen: (name: string, request: object) => Promise<unknown>;
      strataWrite: (id: string, chunk: string | null) => Promise<void>; strataSend: (kind: string, id: string, count: number) => Promise<void>;
    };
    const toText = (chunk: Uint8Array): string => btoa(Array.from(chunk, (byte) => String.fromCharCode(byte)).join(''));
    const toBytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const name = crypto.randomUUID();
    let listener: (event: object) => void = () => undefined;
    const pump = async (): Promise<void> => {
      for (;;) for (const event of await host.strataNextEvents(name)) listener(event.data === undefined ? event : { ...event, data: toBytes(event.data) });
    };
    void pump();
    Object.defineProperty(window, 'strataDesktop', {
      value: {
        platform: 'linux',
        open: (request: { body: unknown }) => host.strataOpen(name, request.body instanceof Uint8Array ? { ...request, body: 'none', whole: toText(request.body) } : request),
        write: (id: string, chunk: Uint8Array | null) => host.strataWrite(id, chunk === null ? null : toText(chunk)),
        credit: (id: string, count: number) => { void host.strataSend('credit', id, count); },
        close: (id: string) => { void host.strataSend('close', id, 0); },
        onEvent: (next: (event: object) => void) => { listener = next; },
      },
    });
  });
}
