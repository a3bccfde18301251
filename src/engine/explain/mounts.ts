import type { ContainerConfig } from '../../api/wire/container.ts';
import type { MountFact } from '../../api/wire/explain.ts';
import type { ContainerMount, ContainerRecord } from '../containers/container-record.ts';
import type { OciMount } from '../runtime/oci-spec.ts';

/** Why each mount that is not every container's is there, by destination. Pure. */
export function mountReasons(record: Pick<ContainerRecord, 'mounts' | 'hostConfig'>, image: ContainerConfig | undefined): Map<string, string> {
  const names = ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts'].map((path): [string, string] => [path, 'names and addresses of this container']);
  return new Map([...names, ...record.mounts.map((mount): [string, string] => [mount.destination, mountReason(mount, record, image)])]);
}

function mountReason(mount: ContainerMount, { hostConfig }: Pick<ContainerRecord, 'hostConfig'>, image: ContainerConfig | undefined): string {
  const { destination } = mount;
  if (hostConfig.Mounts?.some(({ Target }) => Target === destination) === true) return '--mount';
  if (hostConfig.Binds?.some((bind) => bind.split(':')[1] === destination) === true) return mount.type === 'volume' ? `--volume ${mount.name ?? ''}` : `--volume ${mount.source}`;
  if (hostConfig.Tmpfs?.[destination] !== undefined) return '--tmpfs';
  if (image?.Volumes?.[destination] !== undefined) return 'VOLUME of the image';
  return hostConfig.VolumesFrom?.length ? '--volumes-from, or --volume without a name' : '--volume without a name';
}

/** The mounts of a spec with where they come from. Pure. */
export function mountFacts(mounts: readonly OciMount[], reasons: ReadonlyMap<string, string>, volumes: ReadonlyMap<string, string>): MountFact[] {
  return mounts.map(({ destination, type, source, options }) => {
    const volume = volumes.get(destination);
    return { destination, type: volume === undefined ? type : 'volume', source: volume === undefined ? source : `${volume} (${source})`, readOnly: options.includes('ro'), why: reasons.get(destination) ?? 'every container has it' };
  });
}
