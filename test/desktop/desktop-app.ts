import { join } from 'node:path';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DesktopBridge } from '../../src/api/desktop.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { AgentDouble, RUNNING } from './agent-double.ts';
import { ElectronDouble, ROOT } from './electron-double.ts';

/** What the suites of this folder need. */
export const DESKTOP_FILES = [join(ROOT, 'dist/desktop/main.cjs'), join(ROOT, 'dist/desktop/preload.cjs'), join(ROOT, 'dist/renderer/index.html')];

export interface DesktopAppOptions {
  locale?: string;
  locked?: boolean;
  /** Answers on the engine's socket; without it there is no engine. */
  engine?: (request: IncomingMessage, response: ServerResponse) => void;
  engineUpgrade?: (request: IncomingMessage, socket: Duplex) => void;
}

/** The built desktop app in a double of Electron, with a double of the agent, in a home of its own. */
export class DesktopApp implements AsyncDisposable {
  readonly electron: ElectronDouble;
  readonly scratch: Scratch;
  readonly agent: AgentDouble;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(electron: ElectronDouble, scratch: Scratch, agent: AgentDouble, cleanup: AsyncDisposableStack) {
    this.electron = electron;
    this.scratch = scratch;
    this.agent = agent;
    this.#cleanup = cleanup;
  }

  static async start(options: DesktopAppOptions = {}): Promise<DesktopApp> {
    await using cleanup = new AsyncDisposableStack();
    const scratch = cleanup.use(await Scratch.create('app'));
    const agent = cleanup.use(await AgentDouble.start(scratch.path, RUNNING));
    if (options.engine !== undefined) {
      const server = createServer(options.engine);
      if (options.engineUpgrade !== undefined) server.on('upgrade', options.engineUpgrade);
      await listen(server, scratch.file('machines/default/engine.sock'));
      cleanup.defer(() => { server.close(); server.closeAllConnections(); });
    }
    process.env['STRATA_HOME'] = scratch.path;
    const electron = new ElectronDouble({ userData: scratch.path, ...(options.locale === undefined ? {} : { locale: options.locale }), ...(options.locked === undefined ? {} : { locked: options.locked }) });
    cleanup.defer(() => { electron.quit(); });
    await electron.run();
    return new DesktopApp(electron, scratch, agent, cleanup.move());
  }

  bridge(): DesktopBridge {
    return this.electron.preload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup[Symbol.asyncDispose]();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve) => { server.listen({ path }, resolve); });
}
