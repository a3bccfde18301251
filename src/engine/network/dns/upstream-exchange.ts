import { createSocket } from 'node:dgram';
import { isIPv6, Socket } from 'node:net';
import { openConnection, openUdpSocket, type SocketKind } from '../../linux/namespace-socket.ts';
import { type Answer, readAnswer } from './message.ts';
import type { Upstream } from './name-table.ts';
import { FrameReader, frame } from './tcp-frames.ts';

export interface UpstreamAnswer {
  bytes: Buffer;
  answer: Answer;
}

/** What is asked of whom. `message` goes out as it is; `question` is the part of it that the answer must repeat. */
export interface UpstreamQuestion {
  /** From this namespace; undefined: from the engine's. */
  namespace: string | undefined;
  server: Upstream;
  kind: SocketKind;
  message: Buffer;
  question: Buffer;
}

/**
 * Asks one server once, from a socket and a port of its own, and waits until the signal ends it. What does not answer this question is not
 * looked at.
 * @throws an error with `code` when the server cannot be reached, or the signal's reason
 */
export function exchange(question: UpstreamQuestion, signal: AbortSignal): Promise<UpstreamAnswer> {
  return question.kind === 'udp' ? overUdp(question, signal) : overTcp(question, signal);
}

function overUdp({ namespace, server, message, question }: UpstreamQuestion, signal: AbortSignal): Promise<UpstreamAnswer> {
  signal.throwIfAborted();
  const family = isIPv6(server.address) ? 6 : 4;
  const socket = createSocket(`udp${family}`);
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
  const aborted = (): void => { reject(reasonOf(signal)); };
  signal.addEventListener('abort', aborted, { once: true });
  socket.on('error', reject);
  socket.on('message', (bytes) => {
    const answer = readAnswer(bytes, { id: message.readUInt16BE(0), question });
    if (answer) resolve({ bytes, answer });
  });
  socket.bind({ fd: openUdpSocket(namespace, family) });
  // Connected, so that the kernel takes nothing from elsewhere and tells at once that nobody listens.
  socket.connect(server.port, server.address, () => { socket.send(message); });
  return promise.finally(() => {
    signal.removeEventListener('abort', aborted);
    socket.close();
  });
}

function overTcp({ namespace, server, message, question }: UpstreamQuestion, signal: AbortSignal): Promise<UpstreamAnswer> {
  signal.throwIfAborted();
  const socket = new Socket({ fd: openConnection(namespace, server), readable: true, writable: true });
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
  const aborted = (): void => { reject(reasonOf(signal)); };
  signal.addEventListener('abort', aborted, { once: true });
  const frames = new FrameReader((bytes) => {
    const answer = readAnswer(bytes, { id: message.readUInt16BE(0), question });
    if (answer) resolve({ bytes, answer });
    else reject(new Error('the server answered something else'));
  });
  socket.on('error', reject);
  socket.on('data', (chunk) => { if (typeof chunk !== 'string') frames.write(chunk); });
  socket.on('close', () => { reject(new Error('the server closed the connection')); });
  socket.write(frame(message));
  return promise.finally(() => {
    signal.removeEventListener('abort', aborted);
    socket.destroy();
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
