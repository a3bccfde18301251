import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1000;

/** Resolves when the engine on `socketPath` answers `GET /_ping`; tries with growing pauses until then. @throws the signal's reason. */
export async function untilEngineAnswers(socketPath: string, signal: AbortSignal): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; !(await pingEngine(socketPath, signal)); pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
    await sleep(pauseMs, undefined, { signal });
  }
}

async function pingEngine(socketPath: string, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const ping = request({ socketPath, path: '/_ping', signal, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  ping.on('error', () => { resolve(false); });
  ping.end();
  return promise;
}
