import type { ContainerSummary } from '../../../api/wire/container.ts';
import { goTimeString } from '../../output/go-time.ts';
import type { Columns } from '../../output/listing.ts';
import { displayPorts } from '../../output/ports.ts';
import { ellipsis, goQuote, labelList, shortId } from '../../output/short-text.ts';
import { humanDuration, humanSize } from '../../output/units.ts';

/** What `ps` can show of a container. */
export function containerColumns({ truncate, now }: { truncate: boolean; now: number }): Columns<ContainerSummary> {
  return {
    ID: { header: 'CONTAINER ID', value: (c) => (truncate ? shortId(c.Id) : c.Id) },
    Names: { header: 'NAMES', value: (c) => namesOf(c, truncate) },
    Image: { header: 'IMAGE', value: (c) => imageOf(c, truncate) },
    Command: { header: 'COMMAND', value: (c) => goQuote(truncate ? ellipsis(c.Command, 20) : c.Command) },
    CreatedAt: { header: 'CREATED AT', value: (c) => goTimeString(c.Created) },
    RunningFor: { header: 'CREATED', value: (c) => `${humanDuration(now - c.Created * 1000)} ago` },
    Ports: { header: 'PORTS', value: (c) => displayPorts(c.Ports ?? []) },
    State: { header: 'STATE', value: (c) => c.State },
    Status: { header: 'STATUS', value: (c) => c.Status },
    Size: { header: 'SIZE', value: sizeOf },
    Labels: { header: 'LABELS', value: (c) => labelList(c.Labels) },
    Label: { header: 'LABELS', method: true, value: (c) => (name: unknown) => c.Labels?.[String(name)] ?? '' },
    Mounts: { header: 'MOUNTS', value: (c) => (c.Mounts ?? []).map((mount) => mountName(mount, truncate)).join(',') },
    LocalVolumes: { header: 'LOCAL VOLUMES', value: (c) => String((c.Mounts ?? []).filter((mount) => mount.Driver === 'local').length) },
    Networks: { header: 'NETWORKS', value: (c) => Object.keys(c.NetworkSettings?.Networks ?? {}).sort().join(',') },
    Platform: { header: 'PLATFORM', value: () => null },
  };
}

/** Names begin with a slash; further slashes are names by which linked containers know it. */
function namesOf(container: ContainerSummary, truncate: boolean): string {
  const names = (container.Names ?? []).map((name) => name.replace(/^\//, ''));
  return (truncate ? names.filter((name) => !name.includes('/')) : names).join(',');
}

function imageOf(container: ContainerSummary, truncate: boolean): string {
  if (container.Image === '') return '<no image>';
  if (!truncate) return container.Image;
  if (shortId(container.ImageID) === shortId(container.Image)) return shortId(container.Image);
  const at = container.Image.indexOf('@');
  return at > 0 && /:[^/]+$/.test(container.Image.slice(0, at)) ? container.Image.slice(0, at) : container.Image;
}

function mountName(mount: { Name?: string; Source: string }, truncate: boolean): string {
  const name = mount.Name === undefined || mount.Name === '' ? mount.Source : mount.Name;
  return truncate ? ellipsis(name, 15) : name;
}

function sizeOf(container: ContainerSummary): string {
  const own = humanSize(container.SizeRw ?? 0, 3);
  return (container.SizeRootFs ?? 0) > 0 ? `${own} (virtual ${humanSize(container.SizeRootFs ?? 0, 3)})` : own;
}
