import type { Duplex } from 'node:stream';
import { DetachKeys } from './detach-keys.ts';

/**
 * Joins a client's connection with a process's streams, both ways, with back-pressure and half-close: the client's end is the
 * process's EOF, the end of the output ends the client.
 * @param options.detachKeys a TTY's keys by which the client leaves without ending anything
 * @returns how it ended, when both directions are over
 */
export function joinStreams(client: Duplex, process: Duplex, options: { stdin: boolean; detachKeys?: Buffer }): Promise<'ended' | 'detached' | 'gone'> {
  const { promise, resolve } = Promise.withResolvers<'ended' | 'detached' | 'gone'>();
  process.on('error', () => undefined);
  process.pipe(client, { end: false });
  process.once('end', () => { client.end(); resolve('ended'); });
  process.once('close', () => { client.end(); resolve('ended'); });
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
