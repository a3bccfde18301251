import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { DesktopBridge } from '../../src/api/desktop.ts';

/**
 * A double of the `electron` module, which drives the built main process and the built preload in one Node process.
 *
 * It proves: what our code asks Electron for (options, handlers, menus, schemes), and what it does with what Electron hands it
 * (messages, navigations, lost windows). Messages are structured clones, as across processes.
 *
 * It does NOT prove: that Chromium honours those options (sandbox, context isolation, content security policy, permissions), that custom
 * schemes load, that a tray or menu is drawn, that origins and frames are reported as told here, that the single-instance lock locks,
 * or that anything runs on macOS and Windows. `electron-binary.test.ts` is for that, where the binary is.
 */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface FrameDouble { origin: string; url: string }
type Handler = (event: unknown, ...args: unknown[]) => unknown;

export class WebContentsDouble extends EventEmitter {
  mainFrame: FrameDouble = { origin: 'null', url: '' };
  openHandler: ((details: { url: string }) => { action: string }) | undefined;
  deliver: (channel: string, message: unknown) => void = () => undefined;
  #destroyed = false;

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void { this.openHandler = handler; }
  isDestroyed(): boolean { return this.#destroyed; }
  send(channel: string, message: unknown): void {
    if (this.#destroyed) throw new Error('Object has been destroyed');
    this.deliver(channel, structuredClone(message));
  }
  destroy(): void { this.#destroyed = true; this.emit('destroyed'); }
  /** Emits an event whose default can be prevented; true when it was. */
  prevented(name: string, fields: Record<string, unknown>): boolean {
    let prevented = false;
    this.emit(name, { ...fields, preventDefault: () => { prevented = true; } });
    return prevented;
  }
}

export class BrowserWindowDouble extends EventEmitter {
  readonly options: Record<string, unknown> & { webPreferences: Record<string, unknown> };
  readonly webContents = new WebContentsDouble();
  readonly calls: string[] = [];
  url = '';
  bounds = { x: 40, y: 60, width: 900, height: 600 };
  constructor(options: BrowserWindowDouble['options'], all: BrowserWindowDouble[]) {
    super();
    this.options = options;
    all.push(this);
  }
  async loadURL(url: string): Promise<void> {
    this.url = url;
    this.webContents.mainFrame = { origin: new URL(url).protocol === 'app:' ? `app://${new URL(url).host}` : new URL(url).origin, url };
  }
  show(): void { this.calls.push('show'); }
  focus(): void { this.calls.push('focus'); }
  restore(): void { this.calls.push('restore'); }
  maximize(): void { this.calls.push('maximize'); }
  isMinimized(): boolean { return false; }
  isMaximized(): boolean { return false; }
  getNormalBounds(): BrowserWindowDouble['bounds'] { return this.bounds; }
  close(): void {
    this.emit('close', {});
    this.webContents.destroy();
    this.emit('closed');
  }
}

export interface MenuItem { id?: string; label?: string; enabled?: boolean; type?: string; click?: () => void }

export class TrayDouble extends EventEmitter {
  image: { path: string };
  toolTip = '';
  menu: MenuItem[] = [];
  constructor(image: { path: string }, all: TrayDouble[]) {
    super();
    this.image = image;
    all.push(this);
  }
  setImage(image: { path: string }): void { this.image = image; }
  setToolTip(text: string): void { this.toolTip = text; }
  setContextMenu(menu: MenuItem[]): void { this.menu = menu; }
  item(id: string): MenuItem | undefined { return this.menu.find((entry) => entry.id === id || entry.label === id); }
}

/** One run of the app: load main, look at what it did, load the preload for a window. */
export class ElectronDouble {
  readonly windows: BrowserWindowDouble[] = [];
  readonly trays: TrayDouble[] = [];
  readonly handlers = new Map<string, Handler>();
  readonly listeners = new EventEmitter();
  readonly schemes: unknown[] = [];
  readonly protocols = new Map<string, (request: { url: string; method: string }) => Promise<Response>>();
  readonly opened: string[] = [];
  readonly app: EventEmitter & { sandboxed: boolean; quits: number; exitCode: number | undefined };
  permission: ((contents: unknown, permission: string, callback: (granted: boolean) => void) => void) | undefined;
  permissionCheck: ((contents: unknown, permission: string) => boolean) | undefined;
  readonly #options: { userData: string; locale: string; locked: boolean };

  constructor(options: { userData: string; locale?: string; locked?: boolean }) {
    this.#options = { locale: 'en-GB', locked: true, ...options };
    this.app = Object.assign(new EventEmitter(), { sandboxed: false, quits: 0, exitCode: undefined });
  }

  /** Runs dist/desktop/main.cjs against this double, up to the first window. */
  async run(): Promise<void> {
    load('main.cjs', this.#mainModule());
    if (this.#options.locked) await until(() => this.trays.length > 0 && this.windows.length > 0);
  }

  get window(): BrowserWindowDouble {
    const window = this.windows.at(-1);
    if (window === undefined) throw new Error('no window');
    return window;
  }

  get tray(): TrayDouble {
    const tray = this.trays.at(-1);
    if (tray === undefined) throw new Error('no tray');
    return tray;
  }

  /** Runs dist/desktop/preload.cjs for a window and returns what it puts into the page. @param frame the frame that messages come from */
  preload(window: BrowserWindowDouble = this.window, frame: () => FrameDouble | null = () => window.webContents.mainFrame): DesktopBridge {
    const received = new EventEmitter();
    window.webContents.deliver = (channel, message) => { received.emit(channel, {}, message); };
    const event = (): unknown => ({ sender: window.webContents, senderFrame: frame() });
    let exposed: unknown;
    load('preload.cjs', {
      contextBridge: { exposeInMainWorld: (_key: string, value: unknown) => { exposed = value; } },
      ipcRenderer: {
        on: (channel: string, listener: (...args: unknown[]) => void) => received.on(channel, listener),
        invoke: async (channel: string, ...args: unknown[]) => {
          const handler = this.handlers.get(channel);
          if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
          return structuredClone(await handler(event(), ...structuredClone(args)));
        },
        send: (channel: string, ...args: unknown[]) => { this.listeners.emit(channel, event(), ...structuredClone(args)); },
      },
    });
    return exposed as DesktopBridge;
  }

  /** As the person choosing Quit: windows close, then the app goes. */
  quit(): void {
    for (const window of this.windows) if (!window.webContents.isDestroyed()) window.close();
    this.app.emit('will-quit', {});
  }

  #mainModule(): Record<string, unknown> {
    const { windows, trays, handlers, listeners, schemes, protocols, opened } = this;
    const { userData, locale, locked } = this.#options;
    const { app } = this;
    return {
      app: Object.assign(app, {
        requestSingleInstanceLock: () => locked, enableSandbox: () => { app.sandboxed = true; }, whenReady: async () => undefined,
        getAppPath: () => ROOT, getPath: () => userData, getLocale: () => locale, quit: () => { app.quits += 1; }, exit: (code: number) => { app.exitCode = code; },
      }),
      BrowserWindow: class extends BrowserWindowDouble { constructor(options: BrowserWindowDouble['options']) { super(options, windows); } },
      Tray: class extends TrayDouble { constructor(image: { path: string }) { super(image, trays); } },
      Menu: { buildFromTemplate: (template: MenuItem[]) => template, setApplicationMenu: () => undefined },
      nativeImage: {
        createFromPath: (path: string) => {
          if (!existsSync(path)) throw new Error(`no image ${path}`);
          return { path, setTemplateImage: () => undefined };
        },
      },
      ipcMain: {
        handle: (channel: string, handler: Handler) => { handlers.set(channel, handler); },
        on: (channel: string, listener: (...args: unknown[]) => void) => { listeners.on(channel, listener); },
      },
      protocol: {
        registerSchemesAsPrivileged: (list: unknown[]) => { schemes.push(...list); },
        handle: (scheme: string, handler: (request: { url: string; method: string }) => Promise<Response>) => { protocols.set(scheme, handler); },
      },
      session: {
        defaultSession: {
          setPermissionRequestHandler: (handler: ElectronDouble['permission']) => { this.permission = handler; },
          setPermissionCheckHandler: (handler: ElectronDouble['permissionCheck']) => { this.permissionCheck = handler; },
          setDevicePermissionHandler: () => undefined,
        },
      },
      screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
      shell: { openExternal: async (url: string) => { opened.push(url); } },
    };
  }
}

const require = createRequire(import.meta.url);

/** Runs a built file as if `electron` were `exports`. Every run is a fresh one. */
function load(file: string, exports: unknown): void {
  const electron = require.resolve('electron');
  const built = require.resolve(`../../dist/desktop/${file}`);
  Reflect.deleteProperty(require.cache, built);
  require.cache[electron] = { id: electron, filename: electron, loaded: true, exports, children: [], paths: [], path: '', isPreloading: false, require } as unknown as NodeJS.Module;
  require(built);
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 400) throw new Error('the main process did not make a window and a tray');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
