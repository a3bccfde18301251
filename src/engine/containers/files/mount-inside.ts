import { constants, existsSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { descriptorPath, withDescriptor } from '../../linux/descriptor.ts';
import { changeMount, mount, parseMountOptions } from '../../linux/mount.ts';
import { O_PATH, openBelow } from '../../linux/open-in-root.ts';
import { nameOfText } from '../../archive/tar-entry.ts';
import { bytes, cleanParts } from '../../archive/tree/rooted-path.ts';
import { nameMounts } from '../container-mounts.ts';
import type { ContainerMount } from '../container-record.ts';
import type { Container } from '../container.ts';

/**
 * Shows at `root` what a container that does not run would see: its root file system from `base`, read-only if it is to be, and its volumes and binds in
 * it. What is missing to mount them on is made, as at a start. Places are resolved inside the root and mounted on by descriptor.
 * @throws InvalidArgumentError for a bind whose source is not there
 */
export function mountInside(base: string, root: string, { record, paths }: Pick<Container, 'record' | 'paths'>): void {
  mount({ type: 'bind', source: base, options: ['bind', 'private'] }, root);
  const readOnly = record.hostConfig.ReadonlyRootfs === true;
  const names = nameMounts(record.mounts, paths, readOnly).filter(({ source }) => existsSync(source)).map(({ source, destination }) => ({ source, destination, nonRecursive: true, readOnly }));
  const depth = ({ destination }: Place): number => cleanParts(destination).length;
  const mounts: Place[] = [...names, ...record.mounts.filter(({ type }) => type !== 'tmpfs')].sort((a, b) => depth(a) - depth(b));
  withDescriptor(openSync(root, O_PATH | constants.O_DIRECTORY), (fd) => {
    for (const each of mounts) mountOne(fd, each);
  });
  if (readOnly) changeMount(root, { restrictions: parseMountOptions(['ro']).flags, propagation: 0 });
}

type Place = Pick<ContainerMount, 'source' | 'destination' | 'nonRecursive' | 'readOnly'>;

function mountOne(root: number, { source, destination, nonRecursive, readOnly }: Place): void {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (!stats) throw new InvalidArgumentError(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
  const path = nameOfText(destination);
  makePlace(root, cleanParts(path), stats.isDirectory());
  const at = (work: (place: string) => void): void => { withDescriptor(openBelow(root, bytes(path), O_PATH), (fd) => { work(descriptorPath(fd).toString()); }); };
  at((place) => { mount({ type: 'bind', source, options: [nonRecursive ? 'bind' : 'rbind'] }, place); });
  // Opened again: only now does the name mean the new mount.
  at((place) => { changeMount(place, { restrictions: readOnly ? parseMountOptions(['ro']).flags : 0, propagation: parseMountOptions(['rprivate']).propagation }); });
}

function makePlace(root: number, parts: readonly string[], isDirectory: boolean): void {
  for (let count = 1; count <= parts.length; count += 1) {
    const last = count === parts.length;
    const path = bytes(`/${parts.slice(0, count).join('/')}`);
    try {
      withDescriptor(openBelow(root, path, O_PATH), () => undefined);
      continue;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    withDescriptor(openBelow(root, bytes(`/${parts.slice(0, count - 1).join('/')}`), O_PATH | constants.O_DIRECTORY), (above) => {
      const place = descriptorPath(above, parts[count - 1]);
      if (last && !isDirectory) writeFileSync(place, '', { flag: 'wx', mode: 0o755 });
      else mkdirSync(place, 0o755);
    });
  }
}
