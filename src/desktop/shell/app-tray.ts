import { join } from 'node:path';
import { Menu, nativeImage, Tray } from 'electron';
import type { MachineStatus } from '../../api/machine.ts';
import { statusLine, trayIcon, trayMenu, type TrayActions, type TrayIcon } from './tray-menu.ts';
import type { TrayTexts } from './tray-texts.ts';

/** The icon in the menu bar or task bar: shows the machine's state, and its menu. */
export class AppTray {
  readonly #tray: Tray;
  readonly #icons: string;
  readonly #texts: TrayTexts;
  readonly #actions: TrayActions;
  #shown: TrayIcon;

  /** @param icons directory with `tray-<state>.png` and `@2x` beside it */
  constructor(options: { icons: string; texts: TrayTexts; actions: TrayActions; status: MachineStatus }) {
    this.#icons = options.icons;
    this.#texts = options.texts;
    this.#actions = options.actions;
    this.#shown = trayIcon(options.status);
    this.#tray = new Tray(this.#image(this.#shown));
    this.#tray.on('click', () => { if (process.platform !== 'darwin') this.#actions.open(); });
    this.show(options.status);
  }

  show(status: MachineStatus): void {
    const icon = trayIcon(status);
    if (icon !== this.#shown) this.#tray.setImage(this.#image(icon));
    this.#shown = icon;
    this.#tray.setToolTip(`Strata · ${statusLine(status, this.#texts)}`);
    this.#tray.setContextMenu(Menu.buildFromTemplate(trayMenu(status, this.#texts, this.#actions)));
  }

  #image(icon: TrayIcon): Electron.NativeImage {
    // macOS colours "template" images itself, so that they fit a dark and a light menu bar.
    const template = process.platform === 'darwin';
    const image = nativeImage.createFromPath(join(this.#icons, `tray-${icon}${template ? '-template' : ''}.png`));
    if (template) image.setTemplateImage(true);
    return image;
  }
}
