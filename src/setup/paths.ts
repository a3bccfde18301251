import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
/** The pinned Node, on which everything runs. */
export const node = process.execPath;
export const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
export const guestDirectory = `${root}build/guest/${arch}`;
export const welcomeArchive = `${root}build/welcome/welcome-${arch}.tar`;
