import { parentPort } from 'node:worker_threads';
import { unpackLayer, type UnpackRequest } from './unpack-layer.ts';

/** The thread's side of `UnpackPool`: one request at a time, one answer each. */
parentPort?.on('message', (request: UnpackRequest) => {
  unpackLayer(request).then(
    (result) => parentPort?.postMessage({ result }),
    (error: unknown) => {
      const { name, message, code } = error as NodeJS.ErrnoException;
      parentPort?.postMessage({ failure: { name, message, code } });
    },
  );
});
