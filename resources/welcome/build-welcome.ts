import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { welcomeArchive } from './welcome-image.ts';

/** Writes the image `strata/welcome:latest`: `build-welcome.ts --arch amd64 --out build/welcome/welcome-amd64.tar`. */
const { values } = parseArgs({ options: { arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' }, out: { type: 'string' } } });
if (values.arch !== 'amd64' && values.arch !== 'arm64') throw new Error(`unknown architecture ${values.arch}: amd64 or arm64`);

const out = resolve(values.out ?? join(import.meta.dirname, `../../build/welcome/welcome-${values.arch}.tar`));
const archive = welcomeArchive(values.arch, await readFile(join(import.meta.dirname, 'message.txt'), 'utf8'));
const present = await readFile(out).catch(() => undefined);
if (present === undefined || !present.equals(archive)) {
  await mkdir(dirname(out), { recursive: true });
  await writeFileAtomic(out, archive);
}
