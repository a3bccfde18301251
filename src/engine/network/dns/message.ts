/**
 * DNS messages as far as a resolver for containers needs them: a strict reader of queries, a reader of answers that finds what decides
 * about keeping them, and a writer of answers. Everything read is hostile input. Sources: RFC 1035 §4, RFC 6891 (EDNS).
 */
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
export const TYPE = { a: 1, soa: 6, ptr: 12, mx: 15, aaaa: 28, opt: 41 } as const;

const HEADER_BYTES = 12;
const NAME_LIMIT_BYTES = 255;
const LABEL_LIMIT_BYTES = 63;
/** Without EDNS no answer over UDP is longer. */
const PLAIN_LIMIT_BYTES = 512;
const CLASS_IN = 1;
const [QR, TC, RD, RA] = [0x8000, 0x0200, 0x0100, 0x0080];
/** What we say of ourselves in EDNS: no fragments on any path. */
const OWN_UDP_BYTES = 1232;

export interface Query {
  id: number;
  /** Labels joined by dots, lower case, no final dot; undefined where a label holds what no name of ours can. */
  name: string | undefined;
  type: number;
  isInternet: boolean;
  recursionDesired: boolean;
  /** Name, type and class as they were sent. */
  question: Buffer;
  /** Present where the client speaks EDNS. */
  edns?: { udpBytes: number; dnssecOk: boolean; hasOptions: boolean };
}

/** A query, or what to answer instead; `silence` where answering could go round in circles. */
export type ReadQuery = { query: Query } | { refusal: Buffer } | 'silence';

export function readQuery(message: Buffer): ReadQuery {
  if (message.length < HEADER_BYTES) return 'silence';
  const flags = message.readUInt16BE(2);
  if ((flags & QR) !== 0) return 'silence';
  if ((flags & 0x7800) !== 0) return { refusal: bareAnswer(message, RCODE.notImplemented) };
  const query = readQuestion(message, flags);
  return query ? { query } : { refusal: bareAnswer(message, RCODE.formatError) };
}

function readQuestion(message: Buffer, flags: number): Query | undefined {
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additional === undefined || additional > 2) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    // No compression here: there is nothing before that a pointer could mean.
    if (length === undefined || length > LABEL_LIMIT_BYTES) return undefined;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length || at + length - HEADER_BYTES > NAME_LIMIT_BYTES - 1) return undefined;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  const query: Query = {
    id: message.readUInt16BE(0), type: message.readUInt16BE(at), isInternet: message.readUInt16BE(at + 2) === CLASS_IN, recursionDesired: (flags & RD) !== 0,
    name: labels.every((label) => /^[\x21-\x2d\x2f-\x7e]+$/.test(label)) ? labels.join('.').toLowerCase() : undefined,
    question: Buffer.from(message.subarray(HEADER_BYTES, at + 4)),
  };
  at += 4;
  for (let left = additional; left > 0; left -= 1) {
    const record = readRecord(message, at);
    if (!record) return undefined;
    if (record.type === TYPE.opt) {
      if (query.edns || message[at] !== 0) return undefined;
      query.edns = { udpBytes: Math.max(record.recordClass, PLAIN_LIMIT_BYTES), dnssecOk: (record.ttl & 0x8000) !== 0, hasOptions: record.end !== record.data };
    }
    at = record.end;
  }
  return at === message.length ? query : undefined;
}

/** The longest answer that a client of this query takes over UDP. */
export function udpLimit(query: Query): number {
  return query.edns?.udpBytes ?? PLAIN_LIMIT_BYTES;
}

interface ResourceRecord {
  type: number;
  recordClass: number;
  ttl: number;
  ttlAt: number;
  data: number;
  end: number;
}

/** The record that begins at `at`; undefined where there is none whole. */
function readRecord(message: Buffer, at: number): ResourceRecord | undefined {
  const fixed = skipName(message, at);
  if (fixed === undefined || fixed + 10 > message.length) return undefined;
  const data = fixed + 10;
  const end = data + message.readUInt16BE(fixed + 8);
  if (end > message.length) return undefined;
  return { type: message.readUInt16BE(fixed), recordClass: message.readUInt16BE(fixed + 2), ttl: message.readUInt32BE(fixed + 4), ttlAt: fixed + 4, data, end };
}

/** Where a name ends. A pointer ends it and is not followed, so that no message can lead us round. */
function skipName(message: Buffer, from: number): number | undefined {
  for (let at = from; at - from <= NAME_LIMIT_BYTES;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2 <= message.length ? at + 2 : undefined;
    if (length > LABEL_LIMIT_BYTES) return undefined;
    at += 1 + length;
  }
  return undefined;
}

export interface Answer {
  rcode: number;
  isTruncated: boolean;
  /** Seconds for which it may be kept; 0: not at all. */
  keepSeconds: number;
  /** Where the times to live stand in the message. */
  ttlsAt: readonly number[];
}

/** What a server has said to a query; undefined where it is no whole answer to just this one. */
export function readAnswer(message: Buffer, asked: { id: number; question: Buffer }): Answer | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== asked.id) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & QR) === 0 || message.readUInt16BE(4) !== 1) return undefined;
  const questionEnd = HEADER_BYTES + asked.question.length;
  if (!sameQuestion(message.subarray(HEADER_BYTES, questionEnd), asked.question)) return undefined;
  const isTruncated = (flags & TC) !== 0;
  const [answers = 0, authorities = 0, additional = 0] = [6, 8, 10].map((at) => message.readUInt16BE(at));
  const ttlsAt: number[] = [];
  let [at, least, negative] = [questionEnd, Infinity, 0];
  for (let index = 0; index < answers + authorities + additional; index += 1) {
    const record = readRecord(message, at);
    // Some servers cut a truncated answer in the middle of a record.
    if (!record) return isTruncated ? { rcode: flags & 15, isTruncated, keepSeconds: 0, ttlsAt: [] } : undefined;
    at = record.end;
    if (record.type === TYPE.opt) continue;
    ttlsAt.push(record.ttlAt);
    least = Math.min(least, record.ttl > 0x7fffffff ? 0 : record.ttl);
    if (record.type === TYPE.soa && index >= answers && record.end - record.data >= 22) negative = Math.min(record.ttl, message.readUInt32BE(record.end - 4));
  }
  // RFC 2308: what is not there may be kept as long as the zone's SOA says.
  const keepable = answers > 0 ? least : negative;
  return { rcode: flags & 15, isTruncated, keepSeconds: isTruncated || !Number.isFinite(keepable) ? 0 : keepable, ttlsAt };
}

/** Names compare without regard to case. */
function sameQuestion(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) {
    if (one[at] !== other[at] && lower(one[at]) !== lower(other[at])) return false;
  }
  return true;
}

function lower(byte = 0): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

/** What stands in the answer section: all about the name of the question. */
export interface AnswerRecord {
  type: number;
  ttl: number;
  data: Buffer;
}

/** An answer of ours. What does not fit into `limit` bytes is left out, and the answer says so. */
export function writeAnswer(query: Query, rcode: number, records: readonly AnswerRecord[], limit: number): Buffer {
  const edns = query.edns ? Buffer.from([0, 0, TYPE.opt, OWN_UDP_BYTES >> 8, OWN_UDP_BYTES & 255, 0, 0, 0, 0, 0, 0]) : Buffer.alloc(0);
  const parts: Buffer[] = [];
  let size = HEADER_BYTES + query.question.length + edns.length;
  for (const { type, ttl, data } of records) {
    const head = Buffer.from([0xc0, HEADER_BYTES, type >> 8, type & 255, 0, CLASS_IN, 0, 0, 0, 0, data.length >> 8, data.length & 255]);
    head.writeUInt32BE(ttl, 6);
    if (size + head.length + data.length > limit) break;
    size += head.length + data.length;
    parts.push(head, data);
  }
  const written = parts.length / 2;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(QR | RA | (query.recursionDesired ? RD : 0) | (written < records.length ? TC : 0) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(written, 6);
  header.writeUInt16BE(query.edns ? 1 : 0, 10);
  return Buffer.concat([header, query.question, ...parts, edns]);
}

/** An answer to something that could not be read: a header alone. */
function bareAnswer(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(message.readUInt16BE(0), 0);
  header.writeUInt16BE(QR | RA | (message.readUInt16BE(2) & (0x7800 | RD)) | rcode, 2);
  return header;
}

/** A domain name as it stands in a record. Labels that are too long cannot be: undefined then. */
export function writeName(name: string): Buffer | undefined {
  const labels = name.split('.');
  const bytes = Buffer.concat([...labels.flatMap((label) => [Buffer.from([Buffer.byteLength(label, 'latin1') & 255]), Buffer.from(label, 'latin1')]), Buffer.alloc(1)]);
  return labels.some((label) => label.length === 0 || label.length > LABEL_LIMIT_BYTES) || bytes.length > NAME_LIMIT_BYTES ? undefined : bytes;
}
