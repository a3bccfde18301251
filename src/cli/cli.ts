import { connectEngine, type EngineConnection } from './engine/connect.ts';

/** Options in front of the command. */
export interface GlobalOptions {
  readonly host: string | undefined;
  readonly debug: boolean;
  /** Folder of docker's client configuration. */
  readonly configDirectory: string | undefined;
}

/** What every command gets: the terminal, the environment, and the way to the engine. */
export class Cli {
  readonly options: GlobalOptions;
  readonly env: NodeJS.ProcessEnv;
  #engine: Promise<EngineConnection> | undefined;

  constructor(options: GlobalOptions, env: NodeJS.ProcessEnv = process.env) {
    this.options = options;
    this.env = env;
  }

  /** Chosen and connected on first use; one per call of the command. */
  engine(): Promise<EngineConnection> {
    this.#engine ??= connectEngine(this.options, this.env);
    return this.#engine;
  }

  /** Writes to standard output. Blocks where the system's pipes and terminals do, so nothing piles up in memory. */
  out(text: string | Uint8Array): void {
    process.stdout.write(text);
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  error(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Columns of the terminal, or 80. */
  get width(): number {
    return process.stdout.isTTY ? process.stdout.columns : 80;
  }
}
