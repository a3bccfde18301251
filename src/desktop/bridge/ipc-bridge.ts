import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { ConflictError, messageOf, PermissionDeniedError, statusOf } from '../../api/errors.ts';
import { APP_ORIGIN, CHANNELS, type BridgeReply, type PeerName } from '../../api/desktop.ts';
import type { Transport } from '../../api/transport.ts';
import type { Logger } from '../../base/log.ts';
import { BridgeConnection } from './bridge-connection.ts';
import { parseBridgeRequest, parseChunk, parseCredit, parseId } from './bridge-request.ts';

/** At this many open connections a window is broken, not busy. */
const MAX_CONNECTIONS = 256;

/** The main process's end of `src/api/desktop.ts`. Only the top frame of our own page is heard; every argument is parsed. */
export class IpcBridge {
  readonly #peers: Readonly<Record<PeerName, Transport>>;
  readonly #log: Logger;
  readonly #connections = new Map<WebContents, Map<string, BridgeConnection>>();

  constructor(peers: Readonly<Record<PeerName, Transport>>, log: Logger) {
    this.#peers = peers;
    this.#log = log;
  }

  /** Begins to answer. Once per process. */
  listen(): void {
    ipcMain.handle(CHANNELS.open, (event, request: unknown) => this.#open(event, request));
    ipcMain.handle(CHANNELS.write, async (event, id: unknown, chunk: unknown) => {
      const connections = this.#connectionsOf(event);
      const bytes = parseChunk(chunk);
      await connections.get(parseId(id))?.write(bytes);
    });
    ipcMain.on(CHANNELS.credit, (event, id: unknown, bytes: unknown) => this.#quietly(() => {
      this.#connectionsOf(event).get(parseId(id))?.credit(parseCredit(bytes));
    }));
    ipcMain.on(CHANNELS.close, (event, id: unknown) => this.#quietly(() => {
      this.#connectionsOf(event).get(parseId(id))?.close();
    }));
  }

  /** Ends the window's connections whenever its page goes: by navigation, crash or closing. */
  attach(contents: WebContents): void {
    this.#connections.set(contents, new Map());
    contents.on('did-start-navigation', (details) => { if (details.isMainFrame && !details.isSameDocument) this.#closeAll(contents); });
    contents.on('render-process-gone', () => this.#closeAll(contents));
    contents.on('destroyed', () => {
      this.#closeAll(contents);
      this.#connections.delete(contents);
    });
  }

  async #open(event: IpcMainInvokeEvent, value: unknown): Promise<BridgeReply> {
    try {
      const connections = this.#connectionsOf(event);
      const request = parseBridgeRequest(value);
      if (connections.has(request.id)) throw new ConflictError(`bridge request: connection ${request.id} is open already`);
      if (connections.size >= MAX_CONNECTIONS) throw new ConflictError(`bridge request: more than ${MAX_CONNECTIONS} connections are open`);
      const contents = event.sender;
      const connection = new BridgeConnection(request, this.#peers[request.peer], (message) => {
        if (!contents.isDestroyed()) contents.send(CHANNELS.event, message);
      });
      connections.set(request.id, connection);
      return await connection.open(() => connections.delete(request.id));
    } catch (error) {
      this.#log.warn('bridge request refused', { error });
      return { ok: false, status: statusOf(error), message: messageOf(error) };
    }
  }

  /** @throws PermissionDeniedError unless the message comes from the top frame of our own page in a window of ours. */
  #connectionsOf(event: IpcMainEvent | IpcMainInvokeEvent): Map<string, BridgeConnection> {
    const frame = event.senderFrame;
    const connections = this.#connections.get(event.sender);
    if (frame === null || connections === undefined || frame !== event.sender.mainFrame || frame.origin !== APP_ORIGIN) {
      throw new PermissionDeniedError(`message from ${frame?.origin ?? 'a frame that is gone'} refused`);
    }
    return connections;
  }

  #closeAll(contents: WebContents): void {
    for (const connection of this.#connections.get(contents)?.values() ?? []) connection.close();
  }

  #quietly(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.warn('bridge message refused', { error });
    }
  }
}
