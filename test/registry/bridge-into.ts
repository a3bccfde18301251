import { fileURLToPath } from 'node:url';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Program } from '../fixtures/program.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

/** Carries a port of another network's loopback to a socket file on which the test serves. Disposing ends it. */
export async function bridgeInto(network: NetworkNamespace, port: number, file: string): Promise<AsyncDisposable> {
  await using cleanup = new AsyncDisposableStack();
  const bridge = cleanup.use(new Program(network.enter([process.execPath, fileURLToPath(new URL('loopback-bridge.ts', import.meta.url)), String(port), file])));
  await bridge.until('start of the bridge', 20_000, waitUntil('the bridge to listen', () => bridge.output.includes('listening')));
  return cleanup.move();
}
