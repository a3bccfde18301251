import type { Duplex } from 'node:stream';
import { DetachKeys } from './detach-keys.ts';

/**
 * Joins a client's connection with a process's streams, both ways, with back-pressure and half-close: the client's end is the
 * process's EOF, the end of the output ends the client.
 * @param options.detachKeys a TTY's keys by which the client leaves without ending anything
 * @param options.started settles when it is known whether the process runs: if it does not, the client is left open, for its starter to tell it
 * @returns how it ended, when both directions are over
 */
export function joinStreams(client: Duplex, process: Duplex, options: { stdin: boolean; detachKeys?: Buffer; started?: Promise<unknown> }): Promise<'ended' | 'detached' | 'gone'> {
  const { promise, resolve } = Promise.withResolvers<'ended' | 'detached' | 'gone'>();
  process.on('error', () => undefined);
  process.pipe(client, { end: false });
  const end = (): void => {
    resolve('ended');
    void Promise.resolve(options.started).then(() => { client.end(); }, () => undefined);
  };
  process.once('end', end);
  process.once('close', end);
  client.once('close', () => { process.destroy(); resolve('gone'); });
  if (!options.stdin) {
    client.resume();
    return promise;
  }
  if (!options.detachKeys || options.detachKeys.length === 0) {
    client.pipe(process);
    return promise;
  }
  const keys = new DetachKeys(options.detachKeys);
  keys.once('detach', () => {
    resolve('detached');
    client.end();
    process.destroy();
  });
  client.pipe(keys).pipe(process);
  return promise;
}
