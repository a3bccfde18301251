import { createHash } from 'node:crypto';
import { welcomeProgram, type Arch } from './program.ts';
import { tar, type TarFile } from './tar.ts';

export const REFERENCE = 'strata/welcome:latest';
const CREATED = '2024-01-01T00:00:00Z';
const TIME = Date.parse(CREATED) / 1000;

/** The welcome image as one archive that both `docker load` (manifest.json) and readers of OCI layouts (index.json) take. Same input, same bytes. */
export function welcomeArchive(arch: Arch, message: string): Buffer {
  const layers = [
    { by: 'the program: it prints /message and ends', archive: tar([{ path: 'welcome', data: welcomeProgram(arch, '/message'), executable: true }], TIME) },
    { by: 'the message', archive: tar([{ path: 'message', data: Buffer.from(message) }], TIME) },
  ];
  const config = json({
    architecture: arch, os: 'linux', created: CREATED,
    config: { Cmd: ['/welcome'], WorkingDir: '/', Labels: { 'org.opencontainers.image.title': 'welcome', 'org.opencontainers.image.description': 'Says hello and shows what an image is made of.' } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ archive }) => digest(archive)) },
    history: layers.map(({ by }) => ({ created: CREATED, created_by: by })),
  });
  const descriptor = (mediaType: string, data: Buffer): object => ({ mediaType: `application/vnd.oci.image.${mediaType}`, digest: digest(data), size: data.length });
  const manifest = json({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('config.v1+json', config), layers: layers.map(({ archive }) => descriptor('layer.v1.tar', archive)),
  });
  const index = json({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor('manifest.v1+json', manifest), annotations: { 'io.containerd.image.name': `docker.io/${REFERENCE}`, 'org.opencontainers.image.ref.name': 'latest' } }],
  });
  const blobs = [config, manifest, ...layers.map(({ archive }) => archive)];
  const files: TarFile[] = [
    ...blobs.map((data) => ({ path: blobPath(data), data })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    { path: 'index.json', data: index },
    { path: 'manifest.json', data: json([{ Config: blobPath(config), RepoTags: [REFERENCE], Layers: layers.map(({ archive }) => blobPath(archive)) }]) },
    { path: 'oci-layout', data: json({ imageLayoutVersion: '1.0.0' }) },
  ];
  return tar(files, TIME);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digest(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

function blobPath(data: Buffer): string {
  return `blobs/${digest(data).replace(':', '/')}`;
}
