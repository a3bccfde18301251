import { readFileSync, readlinkSync } from 'node:fs';

/** Time of all processors since the machine started, idle time included. Nanoseconds. Source: proc(5), /proc/stat. */
export function machineCpuTime(): { total: number; online: number } {
  const text = readFileSync('/proc/stat', 'utf8');
  const ticks = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').slice(0, 7).reduce((sum, word) => sum + Number(word), 0);
  return { total: ticks * 1e7, online: [...text.matchAll(/^cpu\d/gm)].length };
}

export interface InterfaceCounters {
  receivedBytes: number;
  receivedPackets: number;
  receiveErrors: number;
  receiveDropped: number;
  sentBytes: number;
  sentPackets: number;
  sendErrors: number;
  sendDropped: number;
}

/**
 * The interfaces, without the loopback, in the network namespace of a process. Empty when it shares ours (they are the machine's then)
 * and when it has gone.
 */
export function interfaceCounters(pid: number): Record<string, InterfaceCounters> {
  try {
    if (readlinkSync(`/proc/${String(pid)}/ns/net`) === readlinkSync('/proc/self/ns/net')) return {};
    return parseInterfaces(readFileSync(`/proc/${String(pid)}/net/dev`, 'utf8'));
  } catch {
    return {};
  }
}

/** Source: proc(5), /proc/net/dev. Pure. */
export function parseInterfaces(text: string): Record<string, InterfaceCounters> {
  const rows = [...text.matchAll(/^ *([^\s:|]+):(.*)$/gm)].map(([, name = '', numbers = '']) => [name, numbers.trim().split(/\s+/).map(Number)] as const);
  return Object.fromEntries(rows.filter(([name]) => name !== 'lo').map(([name, [bytes = 0, packets = 0, errors = 0, dropped = 0, , , , , sent = 0, sentPackets = 0, sendErrors = 0, sendDropped = 0]]) => [name, {
    receivedBytes: bytes, receivedPackets: packets, receiveErrors: errors, receiveDropped: dropped, sentBytes: sent, sentPackets, sendErrors, sendDropped,
  }]));
}
