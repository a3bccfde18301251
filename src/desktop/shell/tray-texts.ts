import type { MachineState } from '../../api/machine.ts';

/** Words of the tray menu. The window has its own, larger set. */
export interface TrayTexts {
  states: Readonly<Record<MachineState, string>>;
  machine: string;
  start: string;
  stop: string;
  restart: string;
  open: string;
  quit: string;
  /** Under the quit entry, so that nobody fears for the containers. */
  quitNote: string;
}

const en: TrayTexts = {
  states: { stopped: 'stopped', starting: 'starting…', running: 'running', stopping: 'stopping…', error: 'failed' },
  machine: 'Machine', start: 'Start machine', stop: 'Stop machine', restart: 'Restart machine', open: 'Open Strata', quit: 'Quit Strata', quitNote: 'Containers keep running',
};

const zh: TrayTexts = {
  states: { stopped: '已停止', starting: '正在启动…', running: '运行中', stopping: '正在停止…', error: '出错' },
  machine: '虚拟机', start: '启动虚拟机', stop: '停止虚拟机', restart: '重启虚拟机', open: '打开 Strata', quit: '退出 Strata', quitNote: '容器会继续运行',
};

/** @param locale as the system spells it, e.g. `zh-CN` */
export function trayTexts(locale: string): TrayTexts {
  return locale.toLowerCase().startsWith('zh') ? zh : en;
}
