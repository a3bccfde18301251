import { setTimeout as sleep } from 'node:timers/promises';
import type { UnixDatagram } from '../../linux/unix-datagram.ts';

const PAUSE_MS = 10;

/** Sends datagrams one after the other; a receiver that is behind is waited for. @throws what keeps one from being sent */
export async function sendInTurn(socket: UnixDatagram, messages: readonly Uint8Array[]): Promise<void> {
  for (const message of messages) {
    while (!trySend(socket, message)) await sleep(PAUSE_MS, undefined, { ref: false });
  }
}

function trySend(socket: UnixDatagram, message: Uint8Array): boolean {
  try {
    socket.send(message);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
    throw error;
  }
}
