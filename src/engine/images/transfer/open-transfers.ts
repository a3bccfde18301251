import type { Logger } from '../../../base/log.ts';
import type { ContentStore, ResumableContent } from '../../content/content-store.ts';
import type { Leases } from '../../gc/leases.ts';
import { BlobFetcher } from '../../registry/blob-fetcher.ts';
import { hostPlatform } from '../../registry/platform.ts';
import { Registries, type RegistriesOptions } from '../../registry/registries.ts';
import type { ImageRecords } from '../image-records.ts';
import type { ImageListener } from '../image.ts';
import { ImageImporter } from '../import/image-importer.ts';
import type { LayerStore } from '../layer-store.ts';
import type { ImageMaker } from '../make/image-maker.ts';
import type { Platform } from '../manifest.ts';
import { ImagePuller } from './image-puller.ts';
import { ImagePusher } from './image-pusher.ts';

export interface OpenTransfersOptions {
  config: { registryMirrors: readonly string[]; insecureRegistries: readonly string[]; maxConcurrentDownloads: number; maxConcurrentUploads: number };
  content: ContentStore & ResumableContent;
  records: ImageRecords;
  layers: LayerStore;
  leases: Leases;
  maker: ImageMaker;
  announce: ImageListener;
  version: string;
  log: Logger;
  /** Other limits and places than the usual ones. */
  registries?: Partial<RegistriesOptions>;
}

/** Pull, push and import, composed: what `registryRoutes` needs. */
export interface OpenedTransfers extends Disposable {
  registries: Registries;
  puller: ImagePuller;
  pusher: ImagePusher;
  importer: ImageImporter;
  host: Platform;
}

const CERTIFICATE_DIRECTORIES = ['/etc/strata/certs.d', '/etc/docker/certs.d'];

/** @throws InvalidArgumentError for an invalid insecure registry */
export function openTransfers(options: OpenTransfersOptions): OpenedTransfers {
  const { config, content, records, layers, leases, maker, announce } = options;
  const log = options.log.child({ part: 'registry' });
  const registries = new Registries({
    mirrors: config.registryMirrors, insecureRegistries: config.insecureRegistries, certificateDirectories: CERTIFICATE_DIRECTORIES,
    proxyEnv: process.env, userAgent: `strata/${options.version} (linux)`, log, ...options.registries,
  });
  const host = hostPlatform();
  return {
    registries, host,
    puller: new ImagePuller({ registries, fetcher: new BlobFetcher({ content, maxDownloads: config.maxConcurrentDownloads }), content, layers, records, leases, announce, host, log }),
    pusher: new ImagePusher({ registries, content, records, leases, maxUploads: config.maxConcurrentUploads, announce, log }),
    importer: new ImageImporter({ maker, http: registries.http, announce }),
    [Symbol.dispose]: () => { registries[Symbol.dispose](); },
  };
}
