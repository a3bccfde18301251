import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuestArch } from '../guest-arch.ts';
import { hardwareAccelerator, kernelCommandLine, machineArgs, probeArgs, qemuProgram, type Accelerator, type HostPlatform, type QemuMachine } from './qemu-args.ts';

const fd = (number: number) => ({ kind: 'fd', fd: number }) as const;

const Q35 = 'q35,sata=off,smbus=off,vmport=off';

function machine(overrides: Partial<QemuMachine> = {}): QemuMachine {
  return {
    name: 'default', arch: 'amd64', accelerator: 'tcg', cpus: 2, memoryMiB: 2048, kernel: '/g/vmlinuz', initrd: '/g/initrd',
    rootDisk: '/g/root.img', dataDisk: '/m/data.img', configDisk: '/m/config.img', monitor: fd(3), controlPort: fd(4), ...overrides,
  };
}

/** The value after `option`, e.g. of `-cpu`. */
function valueOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

test('program and accelerator per host', () => {
  const cases: [HostPlatform, GuestArch, GuestArch, string, Accelerator | undefined][] = [
    ['linux', 'amd64', 'amd64', 'qemu-system-x86_64', 'kvm'],
    ['linux', 'arm64', 'arm64', 'qemu-system-aarch64', 'kvm'],
    ['linux', 'amd64', 'arm64', 'qemu-system-aarch64', undefined],
    ['darwin', 'arm64', 'arm64', 'qemu-system-aarch64', 'hvf'],
    ['darwin', 'amd64', 'amd64', 'qemu-system-x86_64', 'hvf'],
    ['darwin', 'arm64', 'amd64', 'qemu-system-x86_64', undefined],
    ['win32', 'amd64', 'amd64', 'qemu-system-x86_64.exe', 'whpx'],
    ['win32', 'arm64', 'arm64', 'qemu-system-aarch64.exe', 'whpx'],
  ];
  for (const [platform, arch, guest, program, accelerator] of cases) {
    assert.equal(qemuProgram(guest, platform), program);
    assert.equal(hardwareAccelerator({ platform, arch }, guest), accelerator);
  }
});

test('machine, accelerator and processor per architecture', () => {
  const cases: [GuestArch, Accelerator, string, string, string][] = [
    ['amd64', 'kvm', Q35, 'kvm', 'host'],
    ['amd64', 'hvf', Q35, 'hvf', 'host'],
    ['amd64', 'whpx', Q35, 'whpx,kernel-irqchip=off', 'max,la57=off'],
    ['amd64', 'tcg', Q35, 'tcg,thread=multi', 'max,la57=off'],
    ['arm64', 'kvm', 'virt', 'kvm', 'host'],
    ['arm64', 'hvf', 'virt', 'hvf', 'host'],
    ['arm64', 'tcg', 'virt', 'tcg,thread=multi', 'max,pauth-impdef=on'],
  ];
  for (const [arch, accelerator, board, accel, cpu] of cases) {
    const args = machineArgs(machine({ arch, accelerator }));
    assert.deepEqual([valueOf(args, '-machine'), valueOf(args, '-accel'), valueOf(args, '-cpu')], [board, accel, cpu]);
  }
});

test('the console device follows the architecture', () => {
  assert.match(kernelCommandLine({ arch: 'amd64', accelerator: 'kvm' }), /^console=ttyS0 /);
  assert.match(kernelCommandLine({ arch: 'arm64', accelerator: 'kvm' }), /^console=ttyAMA0 /);
});

test('speculation is guarded against wherever there is any', () => {
  for (const accelerator of ['kvm', 'hvf', 'whpx'] as const) assert.doesNotMatch(kernelCommandLine({ arch: 'amd64', accelerator }), /mitigations|tsc=/);
  assert.match(kernelCommandLine({ arch: 'amd64', accelerator: 'tcg' }), /mitigations=off/);
});

test('disks are told apart by serial; only the data disk is writable and gives space back', () => {
  const args = machineArgs(machine());
  const blockdevs = args.flatMap((arg, at) => (arg === '-blockdev' ? [JSON.parse(args[at + 1] ?? '') as { 'node-name': string; 'read-only': boolean; discard?: string }] : []));
  assert.deepEqual(blockdevs.map((b) => [b['node-name'], b['read-only'], b.discard]), [['root', true, undefined], ['data', false, 'unmap'], ['config', true, undefined]]);
  for (const serial of ['strata-root', 'strata-data', 'strata-config']) assert.ok(args.some((arg) => arg.includes(`serial=${serial}`)), serial);
});

test('a comma or space in a path cannot become an option', () => {
  const args = machineArgs(machine({ dataDisk: '/m/a,readonly=on b/data.img' }));
  const data = args.find((arg) => arg.startsWith('{"node-name":"data"')) ?? '';
  assert.equal((JSON.parse(data) as { file: { filename: string } }).file.filename, '/m/a,readonly=on b/data.img');
});

test('nothing listens beyond loopback', () => {
  const args = machineArgs(machine());
  assert.match(valueOf(args, '-netdev') ?? '', /hostfwd=tcp:127\.0\.0\.1:0-:22$/);
  assert.ok(!args.some((arg) => /vnc|spice|0\.0\.0\.0|server=on/.test(arg)));
});

test('channels are inherited sockets, or named pipes on windows', () => {
  assert.ok(machineArgs(machine()).includes('socket,id=monitor,fd=3'));
  const onWindows = machineArgs(machine({ monitor: { kind: 'pipe', name: 'strata-default-monitor' } }));
  assert.ok(onWindows.includes('pipe,id=monitor,path=strata-default-monitor'));
});

test('the probe has no disk, no network and speaks early', () => {
  const args = probeArgs({ arch: 'amd64', accelerator: 'kvm', kernel: '/g/vmlinuz' });
  assert.equal(valueOf(args, '-accel'), 'kvm');
  assert.match(valueOf(args, '-append') ?? '', /earlyprintk/);
  assert.ok(!args.includes('-blockdev') && !args.includes('-netdev'));
});
