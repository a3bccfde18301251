import { execFile } from 'node:child_process';
import { symlink, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DesktopApp } from '../desktop/desktop-app.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { Engine, engineMissing, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { DESKTOP_FILES } from '../desktop/desktop-app.ts';
import { browserMissing } from './browser.ts';

const run = promisify(execFile);

/** The interface shows our own engine; `STRATA_E2E_ENGINE=dockerd` shows stock dockerd instead, which it must fit as well. */
const STOCK = process.env['STRATA_E2E_ENGINE'] === 'dockerd';

/** Why the suites of this folder cannot run here, for `skip`. */
export async function sceneMissing(): Promise<string | false> {
  return browserMissing() || missing({ root: true, tools: ['docker', ...IMAGE_TOOLS, ...(STOCK ? DOCKERD_TOOLS : ENGINE_TOOLS)], files: DESKTOP_FILES }) || (STOCK ? false : await engineMissing());
}

/** What there is to see: an engine with images and containers, driven from outside with the docker command. */
export class Scene implements AsyncDisposable {
  readonly engine: Engine | Dockerd;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(engine: Engine | Dockerd, cleanup: AsyncDisposableStack) {
    this.engine = engine;
    this.#cleanup = cleanup;
  }

  static async start(): Promise<Scene> {
    await using cleanup = new AsyncDisposableStack();
    const engine = STOCK ? cleanup.use(await Dockerd.start()) : cleanup.use(await Engine.start({ checkLeaks: false }));
    return new Scene(engine, cleanup.move());
  }

  /** @throws Error with the command's stderr */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await run('docker', ['-H', `unix://${this.engine.socketPath}`, ...args], { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  }

  /** Images, and containers in every common state. */
  async furnish(): Promise<void> {
    const images = await testImages();
    await this.docker('load', '-i', images.busybox);
    await this.docker('load', '-i', images.layers);
    const chatter = 'i=0; while true; do i=$((i+1)); printf "\\033[32mGET\\033[0m /index.html \\033[1m200\\033[0m request %d\\n" $i; [ $((i%4)) = 0 ] && printf "\\033[33mwarn:\\033[0m slow upstream\\n" >&2; sleep 0.3; done';
    await this.docker('run', '-d', '--name', 'web', '-e', 'MODE=production', 'busybox', 'sh', '-c', chatter);
    await this.docker('run', '-d', '--name', 'failed-job', 'busybox', 'sh', '-c', 'echo starting; echo "cannot open config: no such file" >&2; exit 3');
    await this.docker('run', '-d', '--name', 'done-job', 'busybox', 'true');
    await this.docker('create', '--name', 'database', 'busybox', 'sleep', '1000');
    await this.docker('wait', 'failed-job', 'done-job');
  }

  /** The desktop app in the double of Electron, whose machine's engine is this one. */
  async app(): Promise<DesktopApp> {
    const app = await DesktopApp.start();
    const socket = app.scratch.file('machines/default/engine.sock');
    await rm(socket, { force: true });
    await symlink(this.engine.socketPath, socket);
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup[Symbol.asyncDispose]();
  }
}
