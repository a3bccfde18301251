import { computed, reactive, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { createContainer, startContainer } from '../../src/api/client/containers.ts';
import { listImages, removeImage } from '../../src/api/client/images.ts';
import type { ImageSummary } from '../../src/api/wire/image.ts';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { imageName } from '../format/image.ts';
import { useContainers } from './containers.ts';
import { useHost } from '../transport/host-key.ts';
import { useEngine } from './engine.ts';
import { useNotices } from './notices.ts';

const GATHER_MS = 120;

/** All images, kept true by the engine's events. */
export const useImages = defineStore('images', () => {
  const client = useHost().engine;
  const engine = useEngine();
  const containers = useContainers();
  const notices = useNotices();
  const all = shallowRef<readonly ImageSummary[]>([]);
  const loaded = shallowRef(false);
  const busy = reactive(new Set<string>());
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Containers per image, running or not. */
  const users = computed(() => {
    const counts = new Map<string, number>();
    for (const { ImageID } of containers.all) counts.set(ImageID, (counts.get(ImageID) ?? 0) + 1);
    return counts;
  });
  const totalBytes = computed(() => all.value.reduce((sum, image) => sum + ownBytes(image), 0));

  async function reload(): Promise<void> {
    const list = await listImages(client, { 'shared-size': true });
    all.value = list.sort((a, b) => b.Created - a.Created || imageName(a).localeCompare(imageName(b)));
    loaded.value = true;
  }

  function apply(event: EventMessage): void {
    if (event.Type !== 'image') return;
    // A list that fails here fails with the stream of events, whose return reloads everything.
    timer ??= setTimeout(() => { timer = undefined; reload().catch(() => undefined); }, GATHER_MS);
  }

  /** Removes the image with all its names. */
  async function remove(image: ImageSummary): Promise<boolean> {
    return during(image, 'images.failed.remove', async () => {
      const names = image.RepoTags.filter((tag) => tag !== '<none>:<none>');
      for (const name of names.length > 0 ? names : [image.Id]) await removeImage(client, name);
      return true;
    });
  }

  /** Makes and starts a container with the image's own command. Resolves with its id. */
  async function run(image: ImageSummary): Promise<string | false> {
    return during(image, 'images.failed.run', async () => {
      const { Id } = await createContainer(client, { Image: image.RepoTags[0] ?? image.Id });
      await startContainer(client, Id);
      return Id;
    });
  }

  async function during<T>(image: ImageSummary, key: string, work: () => Promise<T>): Promise<T | false> {
    if (busy.has(image.Id)) return false;
    busy.add(image.Id);
    try {
      return await work();
    } catch (error) {
      notices.fail({ key, name: imageName(image) }, error, error instanceof Error && 'status' in error && error.status === 409 ? 'removeContainersFirst' : undefined);
      return false;
    } finally {
      busy.delete(image.Id);
    }
  }

  engine.mirror({ reload, apply });
  return { all, loaded, busy, users, totalBytes, remove, run };
});

/** Bytes that removing the image would free, where the engine tells what is shared; otherwise all of it. */
export function ownBytes(image: ImageSummary): number {
  return image.SharedSize > 0 ? Math.max(0, image.Size - image.SharedSize) : image.Size;
}
