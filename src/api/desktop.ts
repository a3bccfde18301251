/**
 * Between the interface in its sandboxed window and the desktop app's main process: one small set of channels that carries any
 * request and any stream, instead of a channel per endpoint. Two peers can be reached through it:
 *
 *   `engine`   the Docker Engine API of the machine's engine
 *   `machine`  the control API of `src/api/machine.ts`, and `POST /v1/start`, which the app answers itself because the agent
 *              that answers the rest runs only while the machine does
 *
 *   window                         main
 *   open(request)          ->      opens the connection
 *                          <-      reply: head, or why there is none
 *   write(id, bytes|null)  ->      request body, or input of an upgraded connection; resolves when more can be taken
 *                          <-      event: chunk … chunk, then end or error
 *   credit(id, bytes)      ->      "I have used that much": at most `WINDOW_BYTES` are under way per connection
 *   close(id)              ->      drop it
 */
export type PeerName = 'engine' | 'machine';

export interface BridgeRequest {
  /** Chosen by the window, new for every request, 1 to 64 characters of `A-Za-z0-9-`. */
  id: string;
  peer: PeerName;
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, starting with `/`. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Ask for the raw connection (docker's hijack). */
  upgrade: boolean;
  /** `stream`: the body follows by `write` and ends with `null`. */
  body: Uint8Array | 'none' | 'stream';
}

export type BridgeReply =
  | { ok: true; status: number; headers: Readonly<Record<string, string>> }
  | { ok: false; status: number; message: string };

export type BridgeEvent =
  | { id: string; type: 'chunk'; data: Uint8Array }
  | { id: string; type: 'end' }
  | { id: string; type: 'error'; status: number; message: string };

/** Bytes that may be sent to the window before it has said that it used them. */
export const WINDOW_BYTES = 256 * 1024;

/** Names of the IPC channels. */
export const CHANNELS = {
  open: 'strata:open',
  write: 'strata:write',
  credit: 'strata:credit',
  close: 'strata:close',
  event: 'strata:event',
} as const;

/** What the preload puts into the window, as `window.strataDesktop`. */
export interface DesktopBridge {
  /** `process.platform` of the host. */
  readonly platform: string;
  open(request: BridgeRequest): Promise<BridgeReply>;
  /** @throws Error when the connection is gone. */
  write(id: string, chunk: Uint8Array | null): Promise<void>;
  credit(id: string, bytes: number): void;
  /** Idempotent. */
  close(id: string): void;
  /** One listener for all connections; a second call replaces it. */
  onEvent(listener: (event: BridgeEvent) => void): void;
}

/** Origin of the interface inside the desktop app. */
export const APP_ORIGIN = 'app://strata';
