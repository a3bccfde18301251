import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf } from '../../api/errors.ts';
import { type Endpoint, parseEndpoint } from '../../api/node/endpoint.ts';
import { ExitError } from '../exit.ts';

/** The engine that a command talks to, and who chose it. */
export interface ChosenEngine {
  endpoint: Endpoint;
  /** `machine`: the engine of our own machine, of which we know the version. */
  by: '--host' | 'STRATA_HOST' | 'DOCKER_HOST' | 'machine';
  machine?: string;
}

/**
 * `--host`, then `STRATA_HOST`, then `DOCKER_HOST`, then the machine named by `STRATA_MACHINE` (or `default`).
 * @throws ExitError for an endpoint that cannot be read.
 */
export function chooseEngine(host: string | undefined, env: NodeJS.ProcessEnv): ChosenEngine {
  for (const [by, text] of [['--host', host], ['STRATA_HOST', env['STRATA_HOST']], ['DOCKER_HOST', env['DOCKER_HOST']]] as const) {
    if (text !== undefined && text !== '') return { by, endpoint: read(text, by) };
  }
  const machine = env['STRATA_MACHINE'] === undefined || env['STRATA_MACHINE'] === '' ? 'default' : env['STRATA_MACHINE'];
  return { by: 'machine', machine, endpoint: machineEngine(machine, env) };
}

/** Where the machine's agent puts the engine's socket. */
function machineEngine(machine: string, env: NodeJS.ProcessEnv): Endpoint {
  const home = env['STRATA_HOME'] === undefined || env['STRATA_HOME'] === '' ? join(homedir(), '.strata') : resolve(env['STRATA_HOME']);
  return { kind: 'unix', path: join(home, 'machines', machine, 'engine.sock') };
}

function read(text: string, by: string): Endpoint {
  try {
    return parseEndpoint(text);
  } catch (error) {
    throw new ExitError(1, `${by}: ${messageOf(error)}`);
  }
}
