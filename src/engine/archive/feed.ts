import type { Writable } from 'node:stream';

/**
 * Writes all of `source`, and ends. One piece at a time: it has been used up when the next is asked for, so a source may take its memory
 * back then. Stops without a word when `target` is gone.
 * @returns what `source` threw; `target` is then left open
 */
export async function feed(source: AsyncIterable<Uint8Array>, target: Writable): Promise<{ error: unknown } | undefined> {
  const gone = Promise.withResolvers<'gone'>();
  const leave = (): void => { gone.resolve('gone'); };
  target.once('close', leave).once('error', leave);
  try {
    for await (const piece of source) {
      // A stream that wants no more of its input never says that it has used it.
      if (await Promise.race([written(target, piece), gone.promise]) === 'gone') return undefined;
    }
    target.end();
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    target.off('close', leave).off('error', leave);
  }
}

function written(target: Writable, piece: Uint8Array): Promise<'gone' | undefined> {
  const { promise, resolve } = Promise.withResolvers<'gone' | undefined>();
  target.write(piece, (error) => { resolve(error ? 'gone' : undefined); });
  return promise;
}
