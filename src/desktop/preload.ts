import { contextBridge, ipcRenderer } from 'electron';
import { CHANNELS, type BridgeEvent, type BridgeReply, type DesktopBridge } from '../api/desktop.ts';

/** The sandboxed side of the bridge: passes messages on, and gives the page nothing of Electron itself. */
let listener: (event: BridgeEvent) => void = () => undefined;
ipcRenderer.on(CHANNELS.event, (_event, message: BridgeEvent) => { listener(message); });

const bridge: DesktopBridge = {
  platform: process.platform,
  open: (request) => ipcRenderer.invoke(CHANNELS.open, request) as Promise<BridgeReply>,
  write: async (id, chunk) => { await ipcRenderer.invoke(CHANNELS.write, id, chunk); },
  credit: (id, bytes) => { ipcRenderer.send(CHANNELS.credit, id, bytes); },
  close: (id) => { ipcRenderer.send(CHANNELS.close, id); },
  onEvent: (next) => { listener = next; },
};
contextBridge.exposeInMainWorld('strataDesktop', bridge);
