import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { rawTar, type RawEntry } from '../test/fixtures/raw-tar.ts';

/** An archive (docker's format) of images `many:0`, `many:1` … over one small layer, each with a config of its own. */
export async function writeManyImages(path: string, count: number): Promise<void> {
  const layer = rawTar([{ name: 'file', body: 'one file\n' }]);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const entries: RawEntry[] = [{ name: 'layer.tar', body: layer }];
  const manifest: object[] = [];
  for (let index = 0; index < count; index++) {
    const config = Buffer.from(JSON.stringify({
      created: new Date(1_600_000_000_000 + index * 60_000).toISOString(), architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] },
      config: { Cmd: ['/file'], Env: ['PATH=/usr/bin:/bin'], Labels: { number: String(index), vendor: 'bench' } }, history: [{ created_by: `made as number ${String(index)}` }],
    }));
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    entries.push({ name, body: config });
    manifest.push({ Config: name, RepoTags: [`many:${String(index)}`], Layers: ['layer.tar'] });
  }
  await writeFile(path, rawTar([...entries, { name: 'manifest.json', body: JSON.stringify(manifest) }]));
}
