import type { GuestArch } from '../guest-arch.ts';

/**
 * The command line of QEMU as a pure function: every platform, architecture and accelerator in one place, so that tests can read
 * what a machine would be started with on systems that are not here.
 * Source for the options: qemu-system(1), "Invocation" and "Block device options" (QEMU 7.2 and later).
 */

export type Accelerator = 'kvm' | 'hvf' | 'whpx' | 'tcg';
export type HostPlatform = 'linux' | 'darwin' | 'win32';

/** How QEMU's character devices reach the agent: inherited sockets where they exist, named pipes on Windows. No path, no port, nobody else. */
export type Channel = { readonly kind: 'fd'; readonly fd: number } | { readonly kind: 'pipe'; readonly name: string };

export interface QemuMachine {
  readonly name: string;
  readonly arch: GuestArch;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly initrd: string;
  readonly rootDisk: string;
  readonly dataDisk: string;
  readonly configDisk: string;
  readonly monitor: Channel;
  readonly controlPort: Channel;
}

export const CONTROL_PORT_NAME = 'org.strata.control';

export function qemuProgram(arch: GuestArch, platform: HostPlatform): string {
  return `qemu-system-${arch === 'amd64' ? 'x86_64' : 'aarch64'}${platform === 'win32' ? '.exe' : ''}`;
}

/** The accelerator to try on this host before emulation; undefined where only emulation can run the guest. */
export function hardwareAccelerator(host: { platform: HostPlatform; arch: GuestArch }, guest: GuestArch): Exclude<Accelerator, 'tcg'> | undefined {
  if (host.arch !== guest) return undefined;
  return host.platform === 'linux' ? 'kvm' : host.platform === 'darwin' ? 'hvf' : 'whpx';
}

/** A whole machine. Its console is on QEMU's standard output. */
export function machineArgs(machine: QemuMachine): string[] {
  return [
    '-name', `strata-${machine.name}`,
    ...baseArgs(machine),
    '-smp', String(machine.cpus),
    '-m', `${String(machine.memoryMiB)}M`,
    '-kernel', machine.kernel,
    '-initrd', machine.initrd,
    '-append', kernelCommandLine(machine),
    ...disk({ id: 'root', file: machine.rootDisk, readOnly: true }),
    ...disk({ id: 'data', file: machine.dataDisk, readOnly: false }),
    ...disk({ id: 'config', file: machine.configDisk, readOnly: true }),
    // Port 0: the kernel chooses a free one, which the monitor then tells; choosing it here would race.
    '-netdev', 'user,id=net,hostfwd=tcp:127.0.0.1:0-:22',
    '-device', 'virtio-net-pci,netdev=net,romfile=',
    '-device', 'virtio-rng-pci',
    '-device', 'virtio-balloon-pci,free-page-reporting=on',
    '-device', 'virtio-serial-pci',
    ...channel('control', machine.controlPort),
    '-device', `virtserialport,chardev=control,name=${CONTROL_PORT_NAME}`,
    ...channel('monitor', machine.monitor),
    '-mon', 'chardev=monitor,mode=control',
  ];
}

/** The smallest machine that shows whether an accelerator runs guests at all: the kernel's first words on the console are the proof. */
export function probeArgs(probe: { arch: GuestArch; accelerator: Accelerator; kernel: string }): string[] {
  return [
    ...baseArgs(probe),
    '-smp', '1', '-m', '256M',
    '-kernel', probe.kernel,
    '-append', `console=${consoleDevice(probe.arch)} ${earlyConsole(probe.arch)} panic=-1`,
  ];
}

export function kernelCommandLine(machine: { arch: GuestArch; accelerator: Accelerator }): string {
  // panic=-1 restarts at once, which -no-reboot turns into the end of the process: a panic is noticed without waiting.
  const always = `console=${consoleDevice(machine.arch)} quiet panic=-1 cryptomgr.notests`;
  if (machine.accelerator !== 'tcg' || machine.arch !== 'amd64') return always;
  // Under emulation calibrating the clock takes seconds on a busy host, and there is no speculation to guard against.
  return `${always} tsc=reliable mitigations=off`;
}

function baseArgs(machine: { arch: GuestArch; accelerator: Accelerator }): string[] {
  return [
    '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
    '-machine', board(machine.arch),
    '-accel', accelerator(machine.accelerator),
    '-cpu', cpu(machine),
    // signal=off: Ctrl-C in a terminal must not become an interrupt of the guest's console.
    '-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console',
  ];
}

function board(arch: GuestArch): string {
  // Not microvm: without the ACPI timer its clock cannot be calibrated on a busy host. What is off costs a third of a second to probe.
  return arch === 'amd64' ? 'q35,sata=off,smbus=off,vmport=off' : 'virt';
}

function accelerator(name: Accelerator): string {
  // One thread per processor; without it all of them share one host core.
  if (name === 'tcg') return 'tcg,thread=multi';
  // WHPX cannot do the kernel's interrupt controller for Linux guests.
  return name === 'whpx' ? 'whpx,kernel-irqchip=off' : name;
}

function cpu(machine: { arch: GuestArch; accelerator: Accelerator }): string {
  if (machine.accelerator === 'kvm' || machine.accelerator === 'hvf') return 'host';
  // la57: five levels of page tables make every emulated page walk longer. pauth: emulated pointer signing costs a quarter of the speed.
  return machine.arch === 'amd64' ? 'max,la57=off' : 'max,pauth-impdef=on';
}

function disk(options: { id: string; file: string; readOnly: boolean }): string[] {
  const blockdev = {
    'node-name': options.id, driver: 'raw', 'read-only': options.readOnly,
    ...(options.readOnly ? {} : { discard: 'unmap', 'detect-zeroes': 'unmap' }),
    file: { driver: 'file', filename: options.file, 'read-only': options.readOnly, ...(options.readOnly ? {} : { discard: 'unmap' }) },
  };
  // JSON because a comma in a path would end the option in the short form.
  return ['-blockdev', JSON.stringify(blockdev), '-device', `virtio-blk-pci,drive=${options.id},serial=strata-${options.id}${options.readOnly ? '' : ',discard=on'}`];
}

function channel(id: string, where: Channel): string[] {
  return ['-chardev', where.kind === 'fd' ? `socket,id=${id},fd=${String(where.fd)}` : `pipe,id=${id},path=${where.name}`];
}

function consoleDevice(arch: GuestArch): string {
  return arch === 'amd64' ? 'ttyS0' : 'ttyAMA0';
}

function earlyConsole(arch: GuestArch): string {
  return arch === 'amd64' ? 'earlyprintk=serial,ttyS0' : 'earlycon=pl011,0x9000000';
}
