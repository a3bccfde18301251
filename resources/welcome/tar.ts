export interface TarFile {
  path: string;
  data: Buffer;
  executable?: boolean;
}

/** A tar archive (ustar, POSIX.1-1988) of plain files: owner 0, one time (seconds since 1970), so that the same files are the same bytes. Paths up to 100 bytes. */
export function tar(files: readonly TarFile[], time: number): Buffer {
  const parts = files.flatMap(({ path, data, executable }) => {
    if (Buffer.byteLength(path) > 100) throw new Error(`path too long for this archive: ${path}`);
    return [header(path, data.length, executable === true ? 0o755 : 0o644, time), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function header(path: string, bytes: number, mode: number, time: number): Buffer {
  const out = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): void => { out.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1'); };
  out.write(path, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes, 124, 11);
  octal(time, 136, 11);
  out.write('        0', 148, 'latin1'); // checksum as blanks, type flag 0
  out.write('ustar\x0000', 257, 'latin1');
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}
