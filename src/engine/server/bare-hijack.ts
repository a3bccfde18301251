import type { Socket } from 'node:net';

/**
 * Old clients take a connection over without asking for an upgrade: they POST to attach or exec start and go on in raw bytes.
 * An HTTP parser would read those bytes as a next request. So the first request of a connection is looked at before the parser
 * sees it, and such a one is given the headers of an upgrade, with a mark so that it is answered by a bare 200.
 */
export const BARE_HIJACK_HEADER = 'x-strata-bare-hijack';

const HEAD_LIMIT_BYTES = 16 * 1024;
const HIJACKING = /^POST (?:\/v[\d.]+)?\/(?:containers\/[^/ ]+\/attach|exec\/[^/ ]+\/start)(?:\?[^ ]*)? HTTP\/1\.1\r\n/;

/** Calls `ready` when the connection can be given to the HTTP parser. The connection is in paused mode until then. */
export function prepareConnection(socket: Socket, ready: (socket: Socket) => void): void {
  const chunks: Buffer[] = [];
  const ignoreError = (): void => undefined;
  const onReadable = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) chunks.push(chunk);
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    if (bytes.length === 0 && !socket.readableEnded) return;
    if (bytes.subarray(0, 5).toString('latin1') === 'POST ' && bytes.length < HEAD_LIMIT_BYTES && !bytes.includes('\r\n\r\n') && !socket.readableEnded) return;
    socket.off('readable', onReadable);
    socket.off('end', onReadable);
    socket.off('error', ignoreError);
    if (socket.readableEnded || socket.destroyed) { socket.destroy(); return; }
    socket.unshift(markBareHijack(bytes));
    ready(socket);
  };
  socket.on('error', ignoreError);
  socket.on('readable', onReadable);
  socket.on('end', onReadable);
}

/** The pure part: the bytes as the parser shall see them. */
export function markBareHijack(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x50) return bytes;
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return bytes;
  const head = bytes.toString('latin1', 0, end + 2);
  const line = HIJACKING.exec(head);
  if (!line || /\r\nupgrade:/i.test(head)) return bytes;
  const split = line[0].length;
  return Buffer.concat([bytes.subarray(0, split), Buffer.from(`Connection: Upgrade\r\nUpgrade: tcp\r\n${BARE_HIJACK_HEADER}: 1\r\n`), bytes.subarray(split)]);
}
