import { EngineClient } from '../../src/api/client/engine-client.ts';
import type { DesktopBridge } from '../../src/api/desktop.ts';
import { HttpTransport } from './http-transport.ts';
import { IpcTransport } from './ipc-transport.ts';

/** Where the interface runs, and its two ways out. */
export interface Host {
  kind: 'desktop' | 'browser';
  /** To the Docker Engine API. */
  engine: EngineClient;
  /** To the control API of `src/api/machine.ts`, with `POST /v1/start` beside it. */
  machine: EngineClient;
}

declare global {
  interface Window {
    /** Put there by the preload of the desktop app; absent in a browser. */
    readonly strataDesktop?: DesktopBridge;
  }
}

/** The host of this page: the desktop app if its preload has been here, otherwise the server that the page came from. */
export function detectHost(): Host {
  const bridge = window.strataDesktop;
  if (bridge) {
    const [engine, machine] = IpcTransport.pair(bridge);
    return { kind: 'desktop', engine: new EngineClient(engine), machine: new EngineClient(machine) };
  }
  return { kind: 'browser', engine: new EngineClient(new HttpTransport('engine')), machine: new EngineClient(new HttpTransport('machine')) };
}
