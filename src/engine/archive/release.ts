/** Smaller memory is Node's own, shared by many buffers. */
const OWN_BYTES = 256 * 1024;

/**
 * Gives a buffer's memory back at once: a collection would come for it only after tens of megabytes. For the one holder of a view that has
 * been used up. Of memory that is handed out piece by piece, in order, the last piece releases all.
 */
export function release({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < OWN_BYTES || byteOffset + byteLength < buffer.byteLength) return;
  buffer.transfer(0);
}
