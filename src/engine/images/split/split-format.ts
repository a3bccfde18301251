import { InvalidArgumentError } from '../../../api/errors.ts';

/**
 * What is left of a tar when the content of its files is taken out: a list of pieces in the archive's order, compressed with Zstandard.
 * Each piece is a kind (one byte), and then
 *
 *   0  bytes of the archive itself   length u32, the bytes
 *   1  content of a file             path length u16, offset u48, length u48, the path relative to the layer's directory, any bytes
 *
 * Numbers are little-endian. The list ends with the file.
 */
export type SplitPiece = { kind: 'bytes'; bytes: Buffer } | { kind: 'file'; path: Buffer; offset: number; length: number };

const BYTES = 0;
const FILE = 1;
const PIECE_LIMIT_BYTES = 64 * 1024 * 1024;

export function encodePiece(piece: SplitPiece): Buffer {
  if (piece.kind === 'bytes') {
    const head = Buffer.alloc(5);
    head[0] = BYTES;
    head.writeUInt32LE(piece.bytes.length, 1);
    return Buffer.concat([head, piece.bytes]);
  }
  const head = Buffer.alloc(15);
  head[0] = FILE;
  head.writeUInt16LE(piece.path.length, 1);
  head.writeUIntLE(piece.offset, 3, 6);
  head.writeUIntLE(piece.length, 9, 6);
  return Buffer.concat([head, piece.path]);
}

/** @param source the decompressed list. @throws InvalidArgumentError when it is damaged or ends within a piece */
export async function* decodePieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<SplitPiece> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let found = pieceAt(rest, at); found !== undefined; found = pieceAt(rest, at)) {
      at = found.end;
      yield found.piece;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new InvalidArgumentError('damaged split file: it ends within a piece');
}

function pieceAt(data: Buffer, at: number): { piece: SplitPiece; end: number } | undefined {
  const kind = data[at];
  if (kind === undefined) return undefined;
  if (kind === BYTES) {
    if (data.length < at + 5) return undefined;
    const length = data.readUInt32LE(at + 1);
    if (length > PIECE_LIMIT_BYTES) throw new InvalidArgumentError('damaged split file: a piece is too long');
    const end = at + 5 + length;
    return data.length < end ? undefined : { piece: { kind: 'bytes', bytes: data.subarray(at + 5, end) }, end };
  }
  if (kind !== FILE) throw new InvalidArgumentError(`damaged split file: no kind of piece is ${kind}`);
  if (data.length < at + 15) return undefined;
  const end = at + 15 + data.readUInt16LE(at + 1);
  if (data.length < end) return undefined;
  return { piece: { kind: 'file', offset: data.readUIntLE(at + 3, 6), length: data.readUIntLE(at + 9, 6), path: data.subarray(at + 15, end) }, end };
}
