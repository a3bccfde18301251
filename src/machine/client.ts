import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { MachineStatus, ShellExit } from '../api/machine.ts';
import { errorFromStatus, UnavailableError } from '../api/errors.ts';
import { jsonLines } from '../api/json-lines.ts';
import type { UpgradedConnection } from '../api/transport.ts';

/** Client of a machine agent's control API. Stateless: a call is a connection. Imports nothing heavy: the command starts with it. */
export class MachineClient {
  readonly #socketPath: string;

  /** @param socketPath `MachinePaths.controlSocket` */
  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** @throws UnavailableError when no agent runs (as all calls). */
  async status(signal?: AbortSignal): Promise<MachineStatus> {
    return JSON.parse(await this.#text('GET', '/v1/status', signal)) as MachineStatus;
  }

  /** The status now and after each change; ends when the agent has ended and let go of the machine. */
  async *watch(signal?: AbortSignal): AsyncGenerator<MachineStatus> {
    const response = await this.#send('GET', '/v1/status?watch=1', signal);
    try {
      yield* jsonLines<MachineStatus>(response);
    } catch (error) {
      // An agent that dies breaks the stream; for the watcher that is its end. What came of the machine is in `machineStatus`.
      if (signal?.aborted === true || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    } finally {
      response.destroy();
    }
  }

  /** Resolves when the machine is down. */
  async stop(options: { force?: boolean } = {}): Promise<void> {
    await this.#text('POST', `/v1/stop${options.force === true ? '?force=1' : ''}`);
  }

  /** Resolves when the restart has begun. @throws ConflictError unless the machine runs. */
  async restart(): Promise<void> {
    await this.#text('POST', '/v1/restart');
  }

  /** The last lines of the guest's console, oldest first. */
  async console(lines: number): Promise<string[]> {
    const text = await this.#text('GET', `/v1/console?tail=${String(lines)}`);
    return text.split('\n').slice(0, -1);
  }

  /** Opens a shell in the guest, or runs `command` in it. Without `tty` the output is in docker's frames (`api/stdcopy.ts`). */
  async shell(options: { command?: string; tty?: { cols: number; rows: number; term?: string } }): Promise<{ id: string; connection: UpgradedConnection }> {
    const query = new URLSearchParams();
    if (options.command !== undefined) query.set('cmd', options.command);
    if (options.tty !== undefined) {
      query.set('tty', '1');
      query.set('cols', String(options.tty.cols));
      query.set('rows', String(options.tty.rows));
      if (options.tty.term !== undefined) query.set('term', options.tty.term);
    }
    const { response, socket, head } = await this.#upgrade(`/v1/shell?${query.toString()}`);
    const id = response.headers['strata-shell-id'];
    return { id: typeof id === 'string' ? id : '', connection: toConnection(response, socket, head) };
  }

  async resizeShell(id: string, size: { cols: number; rows: number }): Promise<void> {
    await this.#text('POST', `/v1/shell/${id}/resize?cols=${String(size.cols)}&rows=${String(size.rows)}`);
  }

  /** Resolves when the shell has ended. */
  async shellExit(id: string): Promise<ShellExit> {
    return JSON.parse(await this.#text('GET', `/v1/shell/${id}/exit`)) as ShellExit;
  }

  async #text(method: string, path: string, signal?: AbortSignal): Promise<string> {
    const response = await this.#send(method, path, signal);
    return readText(response);
  }

  async #send(method: string, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const call = request({ socketPath: this.#socketPath, method, path, agent: false, ...(signal === undefined ? {} : { signal }) });
    call.on('response', resolve);
    call.on('error', (error) => { reject(signal?.aborted === true ? error : toUnavailable(error)); });
    call.end();
    const response = await promise;
    if ((response.statusCode ?? 500) >= 400) throw await toError(response);
    return response;
  }

  async #upgrade(path: string): Promise<{ response: IncomingMessage; socket: Socket; head: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ response: IncomingMessage; socket: Socket; head: Buffer }>();
    const call: ClientRequest = request({ socketPath: this.#socketPath, method: 'POST', path, agent: false, headers: { connection: 'Upgrade', upgrade: 'tcp' } });
    call.on('upgrade', (response, socket, head) => { resolve({ response, socket: socket, head }); });
    call.on('response', (response) => { toError(response).then(reject, reject); });
    call.on('error', (error) => { reject(toUnavailable(error)); });
    call.end();
    return promise;
  }
}

function toConnection(response: IncomingMessage, socket: Socket, head: Buffer): UpgradedConnection {
  if (head.length > 0) socket.unshift(head);
  socket.allowHalfOpen = true;
  const settled = (done: (callback: (error?: Error | null) => void) => void): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    done((error) => {
      if (error === undefined || error === null) resolve(undefined);
      else reject(error);
    });
    return promise.then(() => undefined);
  };
  return {
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    output: socket,
    write: (chunk) => settled((callback) => { socket.write(chunk, callback); }),
    end: () => settled((callback) => { socket.end(() => { callback(); }); }),
    close: () => { socket.destroy(); },
  };
}

async function toError(response: IncomingMessage): Promise<Error> {
  const text = await readText(response);
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // Not from the agent: its own text is the message.
  }
  return errorFromStatus(response.statusCode ?? 500, message);
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  return text;
}

function toUnavailable(error: Error): UnavailableError {
  return new UnavailableError(`the machine agent does not answer: ${error.message}`, { cause: error });
}
