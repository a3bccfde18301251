import { Limiter } from '../../../base/limiter.ts';
import type { Logger } from '../../../base/log.ts';
import type { ContentStore, ResumableContent } from '../../content/content-store.ts';
import type { Leases } from '../../gc/leases.ts';
import { BlobFetcher } from '../../registry/blob-fetcher.ts';
import { hostPlatform } from '../../registry/platform.ts';
import type { ProxyNames } from '../../registry/proxy-settings.ts';
import { Registries, type RegistriesOptions } from '../../registry/registries.ts';
import type { ImageRecords } from '../image-records.ts';
import type { ImageListener } from '../image.ts';
import { ImageImporter } from '../import/image-importer.ts';
import type { LayerStore } from '../layer-store.ts';
import type { ImageMaker } from '../make/image-maker.ts';
import type { Platform } from '../manifest.ts';
import { ImagePuller } from './image-puller.ts';
import { ImagePusher } from './image-pusher.ts';

/** What may change while the engine runs. */
export interface TransferSettings {
  registryMirrors: readonly string[];
  insecureRegistries: readonly string[];
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
}

export interface OpenTransfersOptions {
  config: TransferSettings & { proxies?: Partial<ProxyNames> };
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
  /** What runs goes on as it began. @throws InvalidArgumentError, and nothing changes */
  reload(settings: TransferSettings): void;
}

const CERTIFICATE_DIRECTORIES = ['/etc/strata/certs.d', '/etc/docker/certs.d'];

/** @throws InvalidArgumentError for an invalid insecure registry */
export function openTransfers(options: OpenTransfersOptions): OpenedTransfers {
  const { config, content, records, layers, leases, maker, announce } = options;
  const log = options.log.child({ part: 'registry' });
  const registries = new Registries({
    mirrors: config.registryMirrors, insecureRegistries: config.insecureRegistries, certificateDirectories: CERTIFICATE_DIRECTORIES,
    proxyEnv: process.env, ...(config.proxies ? { proxies: config.proxies } : {}), userAgent: `strata/${options.version} (linux)`, log, ...options.registries,
  });
  const host = hostPlatform();
  const fetcher = new BlobFetcher({ content, maxDownloads: config.maxConcurrentDownloads });
  const uploads = new Limiter(config.maxConcurrentUploads);
  return {
    registries, host,
    reload: ({ registryMirrors: mirrors, insecureRegistries, maxConcurrentDownloads, maxConcurrentUploads }) => {
      registries.reload({ mirrors, insecureRegistries });
      fetcher.limitTo(maxConcurrentDownloads);
      uploads.resize(maxConcurrentUploads);
    },
    puller: new ImagePuller({ registries, fetcher, content, layers, records, leases, announce, host, log }),
    pusher: new ImagePusher({ registries, content, records, leases, uploads, announce, log }),
    importer: new ImageImporter({ maker, http: registries.http, announce }),
    [Symbol.dispose]: () => { registries[Symbol.dispose](); },
  };
}
