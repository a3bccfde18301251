/**
 * Between the interface in a browser and `strata gui`, which serves it on loopback. Two peers can be reached, as in `desktop.ts`:
 * `engine` (the Docker Engine API) and `machine` (the control API of `machine.ts`, and `POST /v1/start` beside it).
 *
 * ## Entering
 *   GET /?token=T      the URL that the command prints. T works once: the reply sets the session's cookie (`HttpOnly; SameSite=Strict`)
 *                      and leads to `/`. A second use, or any request without the cookie, is 403.
 *   GET /…             files of the interface; a path that names no file is `index.html`.
 *   GET /bridge        `BridgeInfo`.
 * `Host` must be the address that is served, `Origin` and `Sec-Fetch-Site`, where the browser sends them, must be our own: otherwise 403.
 *
 * ## Requests
 *   ANY /engine/PATH   the engine's `/PATH`, any method, query as it is. Bodies stream both ways, status and `content-type` are kept.
 *   ANY /machine/PATH  the agent's `/PATH`, e.g. `/machine/v1/status?watch=1`, and:
 *     POST /machine/v1/start  202 as soon as the agent is being started; watch the status for the rest. Also 202 when it runs already.
 *     GET  /machine/v1/status is answered while no agent runs too (state `stopped`); with `watch=1` it goes on over stops and starts.
 *   A peer that is not there is 503 `{"message"}`; an engine without a machine of ours makes `/machine/*` 404 `{"message"}`.
 *   Abandoning a fetch (`AbortController`, `body.cancel()`) drops the connection behind it.
 *
 * ## Upgraded connections (attach, exec; the machine's shell)
 *   WebSocket /engine-ws, /machine-ws, sub-protocol `strata.v1`: one socket carries one connection.
 *     page                              server
 *     text  OpenMessage          ->
 *                                <-     text  OpenedMessage, or ErrorMessage and close
 *     binary                     <->    binary    bytes of the connection
 *     text  EndMessage           <->    text      "I send no more" (half-close); the other way goes on
 *     text  CreditMessage        <->    text      "I have used that many bytes more"
 *                                <-     close 1000 when both ways have ended; ErrorMessage, then close 1011, when it broke
 *   Each side sends at most `BRIDGE_WINDOW_BYTES` that the other has not yet credited: that is the back-pressure, in both directions.
 *   A page that closes the socket drops the connection.
 */
export const BRIDGE_PATHS = {
  info: '/bridge',
  engine: '/engine',
  machine: '/machine',
  engineSocket: '/engine-ws',
  machineSocket: '/machine-ws',
} as const;

export const BRIDGE_SUBPROTOCOL = 'strata.v1';

/** Bytes that may be under way in one direction before the receiver has credited them. */
export const BRIDGE_WINDOW_BYTES = 256 * 1024;

/** What `GET /bridge` tells. */
export interface BridgeInfo {
  /** Version of Strata. */
  version: string;
  /** Where the engine is, for people: `unix:///home/me/.strata/machines/default/engine.sock`. */
  engineEndpoint: string;
  /** Name of the machine that `/machine/*` speaks of; absent for an engine without one. */
  machine?: string;
}

/** First message of the page. */
export interface OpenMessage {
  type: 'open';
  method: 'POST' | 'GET';
  /** Path and query at the peer, starting with `/`. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent whole before the connection is handed over (`POST /exec/{id}/start`). */
  body?: string;
}

/** The peer has handed over the raw connection. */
export interface OpenedMessage {
  type: 'opened';
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
}

/** There is no connection, or no more. `status` as in `errors.ts`. */
export interface ErrorMessage {
  type: 'error';
  status: number;
  message: string;
}

export interface EndMessage {
  type: 'end';
}

export interface CreditMessage {
  type: 'credit';
  bytes: number;
}

export type PageMessage = OpenMessage | EndMessage | CreditMessage;
export type ServerMessage = OpenedMessage | ErrorMessage | EndMessage | CreditMessage;
