import { join } from 'node:path';
import { app, Menu, protocol, session } from 'electron';
import { SocketTransport } from '../api/node/socket-transport.ts';
import { createLogger } from '../base/log.ts';
import { IpcBridge } from './bridge/ipc-bridge.ts';
import { AgentControl } from '../machine/machine-control.ts';
import { MachinePeer } from '../machine/machine-peer.ts';
import { serveInterface } from './shell/app-protocol.ts';
import { AppTray } from './shell/app-tray.ts';
import { AppWindow } from './shell/app-window.ts';
import { trayTexts } from './shell/tray-texts.ts';

/**
 * Composition root of the desktop app: a window and a tray over one machine. The app owns neither the machine nor its containers;
 * both go on when it quits. `STRATA_MACHINE` chooses another machine than `default`.
 */
const log = createLogger({ level: process.env['STRATA_DEBUG'] === '1' ? 'debug' : 'info' });

function run(): void {
  app.enableSandbox();
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }]);
  const name = process.env['STRATA_MACHINE'];
  const machine = new AgentControl(name === undefined || name === '' ? {} : { name }, log);
  const bridge = new IpcBridge({ engine: new SocketTransport({ kind: process.platform === 'win32' ? 'pipe' : 'unix', path: machine.engineSocket }), machine: new MachinePeer(machine) }, log);
  const icons = join(app.getAppPath(), 'resources/icons');
  const window = new AppWindow({
    preload: join(__dirname, 'preload.cjs'), stateFile: join(app.getPath('userData'), 'window.json'), icon: join(icons, 'app.png'), attach: (contents) => bridge.attach(contents), log,
  });
  const inTheBackground = (work: Promise<unknown>): void => { work.catch((error: unknown) => log.error('machine action failed', { error })); };

  app.on('second-instance', () => window.show());
  app.on('activate', () => window.show());
  // The tray stays: that the last window is closed ends nothing.
  app.on('window-all-closed', () => undefined);
  app.on('will-quit', () => machine.close());
  app.whenReady().then(() => {
    hardenSession();
    protocol.handle('app', serveInterface(join(app.getAppPath(), 'dist/renderer')));
    bridge.listen();
    if (process.platform !== 'darwin') Menu.setApplicationMenu(null);
    const tray = new AppTray({
      icons, texts: trayTexts(app.getLocale()), status: machine.status,
      actions: {
        open: () => window.show(), quit: () => app.quit(),
        start: () => inTheBackground(machine.start()), stop: () => inTheBackground(machine.stop()), restart: () => inTheBackground(machine.restart()),
      },
    });
    machine.subscribe((status) => tray.show(status));
    window.show();
  }).catch((error: unknown) => {
    log.error('desktop app cannot start', { error });
    app.exit(1);
  });
}

/** The interface needs no camera, no place and no notification of the browser's: every permission is refused, but writing to the clipboard. */
function hardenSession(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, callback) => callback(permission === 'clipboard-sanitized-write'));
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write');
  session.defaultSession.setDevicePermissionHandler(() => false);
}

if (app.requestSingleInstanceLock()) run();
else app.quit();
