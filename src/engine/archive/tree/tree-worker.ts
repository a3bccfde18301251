import { parentPort } from 'node:worker_threads';
import { StrataError } from '../../../api/errors.ts';
import { doTreeWork, type TreeRequest } from './tree-work.ts';

/** The thread's side of `TreeThreads`: one request at a time; reports, then a result or a failure. */
parentPort?.on('message', (request: TreeRequest) => {
  try {
    const result = doTreeWork(request, (report) => parentPort?.postMessage({ report }));
    parentPort?.postMessage({ result });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    parentPort?.postMessage({ failure: { message, ...(error instanceof StrataError ? { status: error.status } : {}), ...(code === undefined ? {} : { code }) } });
  }
});
