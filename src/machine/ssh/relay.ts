import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Joins two byte streams until both directions have ended. Each direction ends by itself (half-close), and each is read only as
 * fast as the other side takes it (`pipe` pauses a source whose destination is full), so a peer that stops reading holds back
 * only its own pair. Owns both streams: when it resolves, both are closed. Never rejects: an error on either ends both.
 */
export function relay(local: Socket, remote: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let localGone = false;
  let remoteGone = false;
  const settle = (): void => {
    if (localGone && remoteGone) resolve(undefined);
  };
  local.on('error', () => undefined);
  remote.on('error', () => local.destroy());
  local.on('close', () => {
    localGone = true;
    if (!remoteGone) remote.destroy();
    settle();
  });
  remote.on('close', () => {
    remoteGone = true;
    // Both directions of a channel are gone once it closes. What has been received is still handed over before the socket goes.
    local.unpipe(remote);
    local.resume();
    local.destroySoon();
    settle();
  });
  local.pipe(remote);
  remote.pipe(local);
  return promise.then(() => undefined);
}
