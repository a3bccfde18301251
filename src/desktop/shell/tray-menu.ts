import type { MenuItemConstructorOptions } from 'electron';
import type { MachineStatus } from '../../api/machine.ts';
import type { TrayTexts } from './tray-texts.ts';

/** What the entries of the tray menu do. */
export interface TrayActions {
  open: () => void;
  start: () => void;
  stop: () => void;
  restart: () => void;
  quit: () => void;
}

/** The tray menu for a machine that is as `status` says. Pure. */
export function trayMenu(status: MachineStatus, texts: TrayTexts, actions: TrayActions): MenuItemConstructorOptions[] {
  const { state } = status;
  const down = state === 'stopped' || state === 'error';
  return [
    { label: texts.open, click: actions.open },
    { type: 'separator' },
    { id: 'status', label: statusLine(status, texts), enabled: false },
    ...(state === 'error' && status.failure !== undefined ? [{ id: 'failure', label: shorten(status.failure.message), enabled: false }] : []),
    { id: 'start', label: texts.start, enabled: down, click: actions.start },
    { id: 'stop', label: texts.stop, enabled: state === 'running' || state === 'starting', click: actions.stop },
    { id: 'restart', label: texts.restart, enabled: state === 'running', click: actions.restart },
    { type: 'separator' },
    { label: texts.quit, click: actions.quit, ...(state === 'running' ? { sublabel: texts.quitNote } : {}) },
  ];
}

/** `Machine: running · qemu (kvm)`; also the tray's tooltip. */
export function statusLine(status: MachineStatus, texts: TrayTexts): string {
  const accelerated = status.accelerator === undefined || status.accelerator === 'none' ? status.driver : `${status.driver} (${status.accelerator})`;
  const phase = status.state === 'starting' ? status.phases.findLast((timing) => timing.endedMs === undefined)?.phase : undefined;
  const name = status.name === 'default' ? '' : ` ${status.name}`;
  return [`${texts.machine}${name}: ${texts.states[status.state]}`, ...(status.state === 'running' ? [accelerated] : []), ...(phase === undefined ? [] : [phase])].join(' · ');
}

export type TrayIcon = 'running' | 'busy' | 'stopped' | 'error';

export function trayIcon(status: MachineStatus): TrayIcon {
  switch (status.state) {
    case 'running': case 'stopped': case 'error': return status.state;
    case 'starting': case 'stopping': return 'busy';
  }
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
