import type { ImageHistoryItem, ImageInspect, ImageSummary } from '../../../api/wire/image.ts';
import type { ContainerConfig } from '../../../api/wire/container.ts';
import type { HistoryStep } from '../../images/image-history.ts';
import type { ListedImage } from '../../images/image-list.ts';
import type { ImageManifests } from '../../images/image-manifests.ts';
import type { ImageFacts } from '../../images/image-service.ts';
import { type ApiVersion, isAtLeast } from '../api-version.ts';
import { wireDescriptor, wireManifest } from './manifest-wire.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000);

export function wireSummary({ record, repoTags, repoDigests, sharedBytes, containers = -1 }: ListedImage, version: ApiVersion): ImageSummary {
  const nameless = repoTags.length + repoDigests.length === 0 && !isAtLeast(version, 1, 43);
  return {
    Containers: containers, Created: seconds(record.createdAt), Id: record.id, Labels: Object.keys(record.labels).length === 0 ? null : { ...record.labels }, ParentId: record.parent ?? '',
    RepoDigests: nameless ? ['<none>@<none>'] : [...repoDigests], RepoTags: nameless ? ['<none>:<none>'] : [...repoTags],
    SharedSize: sharedBytes ?? -1, Size: record.sizeBytes, ...(isAtLeast(version, 1, 44) ? {} : { VirtualSize: record.sizeBytes }),
  };
}

/** With its manifests, for those who asked for them. */
export function wireSummaryWithManifests({ image, manifests: { target, manifests }, containers }: { image: ListedImage; manifests: ImageManifests; containers: readonly string[] }, version: ApiVersion): ImageSummary {
  return {
    ...wireSummary(image, version), Manifests: manifests.map((manifest) => wireManifest(manifest, containers)),
    ...(target && isAtLeast(version, 1, 48) ? { Descriptor: wireDescriptor(target) } : {}),
  };
}

export function wireInspect({ record, repoTags, repoDigests, top, snapshotterName, manifests: { target, manifests }, containers }: ImageFacts, version: ApiVersion, withManifests: boolean): ImageInspect {
  const { config } = record;
  return {
    Id: record.id, RepoTags: [...repoTags], RepoDigests: [...repoDigests], Created: config.created,
    ...given({ Parent: record.parent ?? '', Comment: config.comment, DockerVersion: config.dockerVersion, Author: config.author }, !isAtLeast(version, 1, 52)),
    ...(isAtLeast(version, 1, 45) ? {} : { Container: '', ContainerConfig: fullConfig({}) }), Config: isAtLeast(version, 1, 50) ? config.config : fullConfig(config.config),
    Architecture: config.architecture, ...(config.variant === undefined ? {} : { Variant: config.variant }), Os: config.os,
    Size: record.sizeBytes, ...(isAtLeast(version, 1, 44) ? {} : { VirtualSize: record.sizeBytes }),
    GraphDriver: { Name: snapshotterName, Data: top === undefined ? null : { UpperDir: top.directory } },
    RootFS: { Type: 'layers', Layers: [...config.diffIds] },
    Metadata: { LastTagTime: record.lastTaggedAt === undefined ? '0001-01-01T00:00:00Z' : new Date(record.lastTaggedAt).toISOString() },
    ...(target && isAtLeast(version, 1, 48) ? { Descriptor: wireDescriptor(target) } : {}),
    ...(withManifests && isAtLeast(version, 1, 48) ? { Manifests: manifests.map((manifest) => wireManifest(manifest, containers)) } : {}),
  };
}

/** Since 1.52 what is empty is left out. */
function given(fields: Readonly<Record<string, string>>, all: boolean): Readonly<Record<string, string>> {
  return all ? fields : Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** Before 1.50 an image's config had every field of a container's. */
function fullConfig(config: ContainerConfig): ContainerConfig {
  return {
    Hostname: '', Domainname: '', User: '', AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false, OpenStdin: false, StdinOnce: false,
    Env: null, Cmd: null, Image: '', Volumes: null, WorkingDir: '', Entrypoint: null, OnBuild: null, Labels: null, ...config,
  };
}

export function wireHistory(steps: readonly HistoryStep[]): ImageHistoryItem[] {
  return steps.map((step) => ({
    Comment: step.comment, Created: seconds(step.createdAtMs), CreatedBy: step.createdBy, Id: step.id, Size: step.sizeBytes,
    Tags: step.repoTags.length > 0 ? [...step.repoTags] : null,
  }));
}
