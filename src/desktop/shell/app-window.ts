import { BrowserWindow, screen, shell, type WebContents } from 'electron';
import { messageOf } from '../../api/errors.ts';
import { APP_ORIGIN } from '../../api/desktop.ts';
import type { Logger } from '../../base/log.ts';
import { mayOpenOutside } from './outside-links.ts';
import { loadWindowState, MINIMUM, saveWindowState, type WindowState } from './window-state.ts';

export interface AppWindowOptions {
  preload: string;
  /** File that keeps where the window was. */
  stateFile: string;
  icon: string;
  /** Called with the contents of each new window before anything is loaded. */
  attach: (contents: WebContents) => void;
  log: Logger;
}

/** The one window. Closing it destroys it; `show` brings it back or makes a new one. */
export class AppWindow {
  readonly #options: AppWindowOptions;
  #window: BrowserWindow | undefined;

  constructor(options: AppWindowOptions) {
    this.#options = options;
  }

  show(): void {
    const window = this.#window;
    if (window === undefined) {
      this.#create();
      return;
    }
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  #create(): void {
    const { preload, icon, stateFile, attach, log } = this.#options;
    const state = loadWindowState(stateFile, screen.getAllDisplays().map((display) => display.workArea));
    const window = new BrowserWindow({
      width: state.width, height: state.height, ...state.position, minWidth: MINIMUM.width, minHeight: MINIMUM.height,
      show: false, title: 'Strata', icon, autoHideMenuBar: true, backgroundColor: '#131715',
      webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false, spellcheck: false, navigateOnDragDrop: false },
    });
    this.#window = window;
    guard(window.webContents, log);
    attach(window.webContents);
    if (state.maximized) window.maximize();
    window.once('ready-to-show', () => window.show());
    window.on('close', () => {
      try {
        saveWindowState(stateFile, stateOf(window));
      } catch (error) {
        log.warn('window state not saved', { error });
      }
    });
    window.on('closed', () => { this.#window = undefined; });
    window.loadURL(`${APP_ORIGIN}/`).catch((error: unknown) => log.error('interface not loaded', { error: messageOf(error) }));
  }
}

/** Our page stays our page: no navigation away, no second window, no web view. Links to the web go to the system's browser. */
function guard(contents: WebContents, log: Logger): void {
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url)) shell.openExternal(url).catch((error: unknown) => log.warn('link not opened', { error }));
    else log.warn('link refused', { url });
    return { action: 'deny' };
  });
  contents.on('will-navigate', (event) => { if (!event.url.startsWith(`${APP_ORIGIN}/`)) event.preventDefault(); });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

function stateOf(window: BrowserWindow): WindowState {
  const { x, y, width, height } = window.getNormalBounds();
  return { width, height, position: { x, y }, maximized: window.isMaximized() };
}
