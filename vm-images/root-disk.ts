import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { layOut, partitionTable } from './partitions.ts';

/** Writes the disk `strata-root`: a partition for each image, in order. */
export async function writeRootDisk(path: string, images: readonly string[]): Promise<void> {
  const partitions = layOut(await Promise.all(images.map(async (image) => (await stat(image)).size)));
  await using disk = await open(path, 'w');
  await disk.write(partitionTable(partitions), 0, undefined, 0);
  let end = 0;
  for (const [index, partition] of partitions.entries()) {
    let at = partition.start;
    for await (const chunk of createReadStream(images[index] ?? '', { highWaterMark: 4 << 20 })) {
      await disk.write(chunk as Buffer, 0, undefined, at);
      at += (chunk as Buffer).length;
    }
    end = partition.start + partition.bytes;
  }
  await disk.truncate(end);
}
