import { parentPort } from 'node:worker_threads';
import { unpackLayer, type UnpackRequest } from './unpack-layer.ts';

const PROGRESS_EVERY_MS = 100;

/** The thread's side of `UnpackPool`: one request at a time, one answer each, and now and then a word on how far it has come. */
parentPort?.on('message', (request: UnpackRequest) => {
  let toldAt = 0;
  const tell = (read: number): void => {
    const now = performance.now();
    if (now - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = now;
    parentPort?.postMessage({ read });
  };
  unpackLayer(request, tell).then(
    (result) => parentPort?.postMessage({ result }),
    (error: unknown) => {
      const { name, message, code } = error as NodeJS.ErrnoException;
      parentPort?.postMessage({ failure: { name, message, code } });
    },
  );
});
