/** The architectures for which the welcome program exists, by their OCI names. */
export type Arch = 'amd64' | 'arm64';

const LOAD_ADDRESS = 0x400000;
const HEADER_BYTES = 64 + 56;

/**
 * The welcome program: prints a file and ends, with status 1 when it cannot be read. A complete static ELF64 executable of some 200 bytes, assembled
 * here by hand so that making the image needs no compiler:
 *
 *     fd = open(path, O_RDONLY); while ((n = read(fd, buffer, 4096)) > 0) write(1, buffer, n); exit_group(n < 0);
 *
 * Sources: elf(5), syscall(2), the kernel's syscall tables (x86_64: read 0, write 1, open 2, exit_group 231; arm64: openat 56, read 63, write 64, exit_group 94).
 */
export function welcomeProgram(arch: Arch, path: string): Buffer {
  const code = arch === 'amd64' ? amd64() : arm64();
  const body = Buffer.concat([code, Buffer.from(`${path}\0`)]);
  return Buffer.concat([header(arch === 'amd64' ? 62 : 183, HEADER_BYTES + body.length), body]);
}

/** ELF header and one program header: everything is loaded, read-only and executable. */
function header(machine: number, bytes: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  out.write('\x7fELF\x02\x01\x01', 'latin1');
  out.writeUInt16LE(2, 16); // ET_EXEC
  out.writeUInt16LE(machine, 18);
  out.writeUInt32LE(1, 20);
  out.writeBigUInt64LE(BigInt(LOAD_ADDRESS + HEADER_BYTES), 24); // entry
  out.writeBigUInt64LE(64n, 32); // program headers
  out.writeUInt16LE(64, 52);
  out.writeUInt16LE(56, 54);
  out.writeUInt16LE(1, 56);
  out.writeUInt32LE(1, 64); // PT_LOAD
  out.writeUInt32LE(5, 68); // R + X
  out.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80);
  out.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88);
  out.writeBigUInt64LE(BigInt(bytes), 96);
  out.writeBigUInt64LE(BigInt(bytes), 104);
  out.writeBigUInt64LE(0x1000n, 112);
  return out;
}

function amd64(): Buffer {
  const start = [
    0xb8, 2, 0, 0, 0, //             mov eax, 2 (open)
    0x48, 0x8d, 0x3d, 0, 0, 0, 0, // lea rdi, [rip + path]   (filled in below)
    0x31, 0xf6, //                   xor esi, esi
    0x0f, 0x05, //                   syscall
    0x89, 0xc3, //                   mov ebx, eax
    0x48, 0x81, 0xec, 0, 0x10, 0, 0, // sub rsp, 4096
  ];
  const loop = [
    0x31, 0xc0, //                   xor eax, eax (read)
    0x89, 0xdf, //                   mov edi, ebx
    0x48, 0x89, 0xe6, //             mov rsi, rsp
    0xba, 0, 0x10, 0, 0, //          mov edx, 4096
    0x0f, 0x05, //                   syscall
    0x48, 0x85, 0xc0, //             test rax, rax
    0x7e, 19, //                     jle end
    0x89, 0xc2, //                   mov edx, eax
    0xb8, 1, 0, 0, 0, //             mov eax, 1 (write)
    0xbf, 1, 0, 0, 0, //             mov edi, 1
    0x48, 0x89, 0xe6, //             mov rsi, rsp
    0x0f, 0x05, //                   syscall
    0xeb, 0x100 - 38, //             jmp loop
  ];
  const end = [
    0x89, 0xc7, //                   mov edi, eax
    0xc1, 0xef, 31, //               shr edi, 31
    0xb8, 231, 0, 0, 0, //           mov eax, 231 (exit_group)
    0x0f, 0x05, //                   syscall
  ];
  const code = Buffer.from([...start, ...loop, ...end]);
  code.writeInt32LE(code.length - 12, 8); // from the end of the lea to the path behind the code
  return code;
}

function arm64(): Buffer {
  const words = [
    0x92800c60, // mov x0, #-100 (AT_FDCWD)
    0, //          adr x1, path   (filled in below)
    0xd2800002, // mov x2, #0
    0xd2800708, // mov x8, #56 (openat)
    0xd4000001, // svc #0
    0xaa0003f3, // mov x19, x0
    0xd14007ff, // sub sp, sp, #4096
    0xaa1303e0, // loop: mov x0, x19
    0x910003e1, // mov x1, sp
    0xd2820002, // mov x2, #4096
    0xd28007e8, // mov x8, #63 (read)
    0xd4000001, // svc #0
    0xf100001f, // cmp x0, #0
    0x5400000d | (7 << 5), // b.le end
    0xaa0003e2, // mov x2, x0
    0xd2800020, // mov x0, #1
    0x910003e1, // mov x1, sp
    0xd2800808, // mov x8, #64 (write)
    0xd4000001, // svc #0
    0x14000000 | (-12 & 0x3ffffff), // b loop
    0xd37ffc00, // end: lsr x0, x0, #63
    0xd2800bc8, // mov x8, #94 (exit_group)
    0xd4000001, // svc #0
  ];
  words[1] = 0x10000001 | ((words.length - 1) << 5); // in words from the adr; the path stands behind the code
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => code.writeUInt32LE(word >>> 0, index * 4));
  return code;
}
