import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { ContainerConfig, HostConfig } from '../../api/wire/container.ts';
import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Image, ImageSource } from '../images/image.ts';
import type { CgroupFeatures } from '../linux/cgroup-features.ts';
import type { LogDrivers } from '../logs/log-drivers.ts';
import { mountAll, unmountAll } from '../linux/mount.ts';
import { acceptable, formatPlatform, hostPlatform, normalize, parsePlatform } from '../registry/platform.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import { wantedMounts } from '../volumes/mount-specs.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { checkConfig } from './config-checks.ts';
import { announce } from './container-events.ts';
import { fillVolumes, removeDirectory, settleMounts } from './container-mounts.ts';
import type { ContainerMount, ContainerRecord, WantedEndpoint } from './container-record.ts';
import type { ContainerRegistry } from './container-registry.ts';
import { completeHostConfig } from './host-config.ts';
import { settleLinks } from './links.ts';
import { mergeConfig } from './merge-config.ts';
import { hasNames, sharedWith } from './modes.ts';
import { generateName } from './names.ts';
import { imageMountKey, snapshotKey } from './rootfs.ts';
import { settleModes } from './sharing.ts';
import { initialState } from './state.ts';
import { mountsFrom } from './volumes-from.ts';

export interface CreateContainerRequest {
  /** Absent: one is made up. */
  name: string | undefined;
  config: ContainerConfig;
  hostConfig: HostConfig;
  networks: Readonly<Record<string, WantedEndpoint>>;
  /** What the image must be for: `linux/arm64`; absent: whatever it is. */
  platform?: string;
}

export interface ContainerCreatorOptions {
  registry: ContainerRegistry;
  images: ImageSource;
  snapshotter: Snapshotter;
  volumes: Volumes;
  events: EventBus;
  log: Logger;
  machine: CgroupFeatures & { cgroupVersion: 1 | 2 };
  logDrivers: LogDrivers;
}

/** Makes containers: everything is checked first, then made; what fails leaves nothing. */
export class ContainerCreator {
  readonly #options: ContainerCreatorOptions;

  constructor(options: ContainerCreatorOptions) {
    this.#options = options;
  }

  /** @throws NotFoundError for the image, ConflictError for the name, InvalidArgumentError for the rest */
  async create(request: CreateContainerRequest): Promise<{ record: ContainerRecord; warnings: string[] }> {
    const { registry, snapshotter, volumes, events, log, machine, logDrivers } = this.#options;
    checkConfig(request.config);
    const image = await this.#findImage(request.config.Image ?? '', request.platform);
    const config = mergeConfig(request.config, image.config);
    const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
    if (args.length === 0) throw new InvalidArgumentError('no command specified');
    const { hostConfig, warnings } = completeHostConfig(request.hostConfig, request.config, machine, logDrivers);
    const inherited = mountsFrom(hostConfig.VolumesFrom ?? [], registry);
    // In networks with names links belong to the endpoint.
    const links = hasNames(hostConfig.NetworkMode) ? [] : settleLinks(hostConfig.Links ?? [], registry);
    Object.assign(hostConfig, settleModes(hostConfig, registry));
    const wanted = wantedMounts({ ...config, Volumes: withoutMounts(config.Volumes, inherited) }, hostConfig);
    const id = randomBytes(32).toString('hex');
    await using undo = new Cleanup((error) => { log.warn('cannot undo a creation', { id, error }); });
    const name = request.name ?? generateName((candidate) => registry.isNameFree(candidate));
    registry.reserveName(name, id);
    undo.push(() => { registry.releaseName(name); });
    const own = await settleMounts(wanted, { volumes, images: this.#options.images }, undo);
    const mounts = [...inherited.filter(({ destination }) => !own.some((mount) => mount.destination === destination)), ...own];
    const rootMounts = await snapshotter.prepare(snapshotKey(id), image.topSnapshot);
    undo.push(() => snapshotter.remove(snapshotKey(id)));
    for (const [number, { imageId }] of mounts.entries()) {
      if (imageId === undefined) continue;
      await snapshotter.prepare(imageMountKey(id, number), (await this.#options.images.get(imageId)).topSnapshot);
      undo.push(() => snapshotter.remove(imageMountKey(id, number)));
    }
    const paths = registry.pathsOf(id);
    await mkdir(paths.directory, { recursive: true, mode: 0o710 });
    undo.push(() => removeDirectory(paths.directory));
    await fillVolumes(own, { volumes, holder: id, log }, async (work) => {
      await mkdir(paths.rootfs, { recursive: true, mode: 0o700 });
      mountAll(rootMounts, paths.rootfs);
      try {
        await work(paths.rootfs);
      } finally {
        await unmountAll(paths.rootfs);
        await removeDirectory(paths.runDirectory);
      }
    });
    const container = registry.add({
      id, name, createdAt: Date.now(), imageId: image.id, args, mounts, networks: request.networks, endpoints: [],
      config: { ...config, Hostname: hostnameOf(config, hostConfig, id) }, hostConfig, state: initialState, restartCount: 0, stoppedByUser: false,
      ...(links.length > 0 ? { links } : {}),
    });
    undo.disarm();
    log.info('container created', { id, name, image: config.Image });
    announce(events, container.record, 'create');
    return { record: container.record, warnings };
  }

  async #findImage(reference: string, platform: string | undefined): Promise<Image> {
    if (reference === '') throw new InvalidArgumentError('no image specified');
    const wanted = platform === undefined ? undefined : parsePlatform(platform, hostPlatform());
    const image = await this.#options.images.find(reference);
    if (image && wanted && !acceptable(wanted).includes(formatPlatform(normalize(image)))) {
      throw new NotFoundError(`image with reference ${reference} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(image)}`);
    }
    if (image) return image;
    // Clients pull on this answer, and show it: dockerd's words, with the tag that was meant.
    throw new NotFoundError(`No such image: ${/^[^/]*$|\//.test(reference) && !/[:@][^/]*$/.test(reference) ? `${reference}:latest` : reference}`);
  }
}

/** The image's volumes for which nothing has been taken over. */
function withoutMounts(volumes: ContainerConfig['Volumes'], inherited: readonly ContainerMount[]): NonNullable<ContainerConfig['Volumes']> {
  return Object.fromEntries(Object.entries(volumes ?? {}).filter(([path]) => !inherited.some(({ destination }) => destination === path)));
}

function hostnameOf(config: ContainerConfig, hostConfig: HostConfig, id: string): string {
  if (config.Hostname !== undefined && config.Hostname !== '') {
    if (!/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,62})$/.test(config.Hostname)) throw new InvalidArgumentError(`invalid hostname ${JSON.stringify(config.Hostname)}`);
    return config.Hostname;
  }
  return hostConfig.NetworkMode === 'host' || sharedWith(hostConfig.NetworkMode) !== undefined || hostConfig.UTSMode === 'host' ? '' : id.slice(0, 12);
}
