/** Rows and columns of our terminal; undefined where there is none. */
export function consoleSize(): [number, number] | undefined {
  return process.stdout.isTTY ? [process.stdout.rows, process.stdout.columns] : undefined;
}

/**
 * Tells the size now and after every change, until it is disposed of. The first call may come before the other side is ready for
 * it: it is tried again a few times.
 */
export function followWindowSize(resize: (size: { h: number; w: number }) => Promise<void>): Disposable {
  if (!process.stdout.isTTY) return { [Symbol.dispose]: () => undefined };
  let over = false;
  const tell = async (attempts: number): Promise<void> => {
    for (let attempt = 1; attempt <= attempts && !over; attempt += 1) {
      try {
        await resize({ h: process.stdout.rows, w: process.stdout.columns });
        return;
      } catch {
        await new Promise((resolve) => { setTimeout(resolve, 10 * attempt).unref(); });
      }
    }
  };
  const onResize = (): void => { void tell(1); };
  process.stdout.on('resize', onResize);
  void tell(10);
  return { [Symbol.dispose]: () => { over = true; process.stdout.off('resize', onResize); } };
}
