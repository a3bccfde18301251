import { spawn } from 'node:child_process';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import type { Logger } from '../../base/log.ts';
import type { FactCache } from '../fact-cache.ts';
import type { GuestArch } from '../guest-arch.ts';
import { hardwareAccelerator, probeArgs, type Accelerator, type HostPlatform } from './qemu-args.ts';

/** A guest under real virtualisation speaks within a few hundred milliseconds; emulation is the safe choice after this. */
const PROBE_DEADLINE_MS = 5000;

export interface AcceleratorChoice {
  accelerator: Accelerator;
  /** Why the guest is emulated, for people; absent when it is not. */
  warning?: string;
}

export interface ProbeRequest {
  host: { platform: HostPlatform; arch: GuestArch };
  guestArch: GuestArch;
  program: string;
  kernel: string;
  kernelSha256: string;
  cache: FactCache;
  log: Logger;
  signal: AbortSignal;
  deadlineMs?: number;
  kvmDevice?: string;
}

/**
 * The fastest accelerator that really runs a guest here. A device file proves nothing: nested virtualisation can offer a /dev/kvm
 * on which guests hang. So a kernel is booted with it, once per host boot, QEMU and kernel, and must speak on its console.
 */
export async function chooseAccelerator(request: ProbeRequest): Promise<AcceleratorChoice> {
  const hardware = hardwareAccelerator(request.host, request.guestArch);
  if (hardware === undefined) return emulated(`a ${request.guestArch} guest on a ${request.host.arch} host cannot be virtualised`);
  const closed = hardware === 'kvm' ? await kvmClosed(request.kvmDevice ?? '/dev/kvm') : undefined;
  if (closed !== undefined) return emulated(closed);
  const key = [await bootId(), await programVersion(request.program), request.kernelSha256].join(' ');
  const known = await request.cache.find(`probe of ${hardware}`, key);
  const fault = typeof known === 'string' ? known : await probe(hardware, request);
  if (known === undefined) await request.cache.store(`probe of ${hardware}`, key, fault);
  return fault === '' ? { accelerator: hardware } : emulated(fault);
}

function emulated(why: string): AcceleratorChoice {
  return { accelerator: 'tcg', warning: `the machine is emulated and slow: ${why}` };
}

async function kvmClosed(device: string): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? `there is no ${device} (switch virtualisation on in the firmware, or nested virtualisation where this host is itself a guest)`
      : `no permission to use ${device} (join its group: sudo usermod -aG kvm "$USER", then log in again)`;
  }
}

/** Boots the kernel with `accelerator`. Returns '' when it spoke, otherwise what happened. */
async function probe(accelerator: Accelerator, request: ProbeRequest): Promise<string> {
  const startedAt = performance.now();
  const child = spawn(request.program, probeArgs({ arch: request.guestArch, accelerator, kernel: request.kernel }), { stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome = Promise.withResolvers<string>();
  let heard = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    heard = (heard + chunk.toString('latin1')).slice(-4096);
    if (heard.includes('Linux version')) outcome.resolve('');
  });
  child.stderr.on('data', (chunk: Buffer) => { complaint = (complaint + chunk.toString()).slice(0, 1000); });
  child.on('error', (error) => { outcome.resolve(`${request.program} did not run: ${error.message}`); });
  child.on('close', () => { outcome.resolve(`${accelerator} refused: ${complaint.trim().split('\n')[0] ?? 'no reason given'}`); });
  const deadlineMs = request.deadlineMs ?? PROBE_DEADLINE_MS;
  const timer = setTimeout(() => { outcome.resolve(`${accelerator} is present but a guest on it did not speak within ${String(deadlineMs)} ms`); }, deadlineMs);
  const onAbort = (): void => { outcome.reject(request.signal.reason as Error); };
  request.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const fault = await outcome.promise;
    request.log.info('accelerator probed', { accelerator, ms: Math.round(performance.now() - startedAt), fault: fault === '' ? undefined : fault });
    return fault;
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
  }
}

async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  // Elsewhere the minute of the boot stands for it; clocks are adjusted by less than that.
  return id?.trim() ?? String(Math.round((Date.now() / 1000 - uptime()) / 60));
}

/** Stands for the version: another QEMU is another file. */
async function programVersion(program: string): Promise<string> {
  const found = await stat(program).catch(() => undefined);
  return `${program} ${String(found?.size)} ${String(found?.mtimeMs)}`;
}
