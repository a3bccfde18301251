import { EngineClient } from '../../api/client/engine-client.ts';
import { ping } from '../../api/client/system.ts';
import { isReply, UnavailableError } from '../../api/errors.ts';
import { formatEndpoint } from '../../api/node/endpoint.ts';
import { SocketTransport } from '../../api/node/socket-transport.ts';
import type { GlobalOptions } from '../cli.ts';
import { ExitError } from '../exit.ts';
import { chooseEngine, type ChosenEngine } from './choose.ts';

/** Newest API that this command speaks. */
export const API_VERSION = '1.51';

export interface EngineConnection {
  client: EngineClient;
  chosen: ChosenEngine;
  /** API version of the requests; for our own engine, which is asked without a version, the newest. */
  apiVersion: string;
}

/**
 * Connects to the engine that options and environment choose. Our own machine's engine is of our version and asked without one;
 * any other is asked for its version first, and the older of the two is spoken.
 */
export async function connectEngine(options: GlobalOptions, env: NodeJS.ProcessEnv): Promise<EngineConnection> {
  const chosen = chooseEngine(options.host, env);
  const transport = new SocketTransport(chosen.endpoint);
  if (chosen.by === 'machine') return { client: new EngineClient(transport), chosen, apiVersion: API_VERSION };
  const fixed = env['DOCKER_API_VERSION'];
  const apiVersion = fixed === undefined || fixed === '' ? await negotiate(transport) : fixed.replace(/^v/, '');
  return { client: new EngineClient(transport, { apiVersion }), chosen, apiVersion };
}

async function negotiate(transport: SocketTransport): Promise<string> {
  const { apiVersion } = await ping(new EngineClient(transport));
  return apiVersion !== undefined && isOlder(apiVersion, API_VERSION) ? apiVersion : API_VERSION;
}

function isOlder(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor);
}

/** What to say when the engine cannot be reached; undefined for any other error. */
export function unreachable(error: unknown, cli: { options: GlobalOptions; env: NodeJS.ProcessEnv }): ExitError | undefined {
  if (!(error instanceof UnavailableError) || isReply(error)) return undefined;
  const chosen = chooseEngine(cli.options.host, cli.env);
  const code = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  if (chosen.by !== 'machine' || (code !== 'ENOENT' && code !== 'ECONNREFUSED')) return new ExitError(1, error.message);
  const name = chosen.machine === 'default' ? '' : ` --name ${chosen.machine ?? ''}`;
  return new ExitError(1, `cannot connect to the engine at ${formatEndpoint(chosen.endpoint)}: the machine is not running\nStart it with: strata machine start${name}`);
}
