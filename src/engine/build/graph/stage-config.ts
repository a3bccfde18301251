import type { ContainerConfig, HealthConfig } from '../../../api/wire/container.ts';

/** What an instruction does to an image's config, with variables replaced. */
export type ConfigChange =
  | { kind: 'env' | 'label'; pairs: readonly (readonly [name: string, value: string])[] }
  /** `keepsCommand`: the stage has said itself what the command is. */
  | { kind: 'entrypoint'; words: readonly string[]; keepsCommand: boolean }
  | { kind: 'cmd' | 'shell'; words: readonly string[] }
  | { kind: 'expose'; ports: readonly string[] }
  | { kind: 'volume'; paths: readonly string[] }
  | { kind: 'user' | 'workdir' | 'stopsignal' | 'onbuild' | 'maintainer'; value: string }
  | { kind: 'healthcheck'; health: HealthConfig };

/** An image's config while instructions change it; each costs what it says, not what the config holds. */
export class StageConfig {
  readonly #base: ContainerConfig;
  readonly #env: Map<string, string>;
  readonly #labels: Map<string, string>;
  readonly #ports: Set<string>;
  readonly #volumes: Set<string>;
  readonly #onBuild: string[];
  #changed: ContainerConfig = {};

  constructor(base: ContainerConfig) {
    this.#base = base;
    this.#env = new Map((base.Env ?? []).map((entry) => {
      const equals = entry.indexOf('=');
      return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }));
    this.#labels = new Map(Object.entries(base.Labels ?? {}));
    this.#ports = new Set(Object.keys(base.ExposedPorts ?? {}));
    this.#volumes = new Set(Object.keys(base.Volumes ?? {}));
    this.#onBuild = [...(base.OnBuild ?? [])];
  }

  get user(): string {
    return this.#changed.User ?? this.#base.User ?? '';
  }

  /** Empty where none was set. */
  get workingDirectory(): string {
    return this.#changed.WorkingDir ?? this.#base.WorkingDir ?? '';
  }

  /** Undefined where none was set. */
  get shell(): readonly string[] | undefined {
    const shell = this.#changed.Shell ?? this.#base.Shell ?? [];
    return shell.length === 0 ? undefined : shell;
  }

  apply(change: ConfigChange): void {
    switch (change.kind) {
      case 'env': for (const [name, value] of change.pairs) this.#env.set(name, value); break;
      case 'label': for (const [name, value] of change.pairs) this.#labels.set(name, value); break;
      case 'cmd': this.#changed.Cmd = [...change.words]; break;
      case 'shell': this.#changed.Shell = [...change.words]; break;
      case 'entrypoint':
        this.#changed.Entrypoint = change.words.length === 0 ? null : [...change.words];
        if (!change.keepsCommand) this.#changed.Cmd = null;
        break;
      case 'expose': for (const port of change.ports) this.#ports.add(port); break;
      case 'volume': for (const path of change.paths) this.#volumes.add(path); break;
      case 'user': this.#changed.User = change.value; break;
      case 'workdir': this.#changed.WorkingDir = change.value; break;
      case 'stopsignal': this.#changed.StopSignal = change.value; break;
      case 'onbuild': this.#onBuild.push(change.value); break;
      case 'healthcheck': this.#changed.Healthcheck = change.health; break;
      case 'maintainer': break;
    }
  }

  toConfig(): ContainerConfig {
    return {
      ...this.#base,
      ...this.#changed,
      Env: [...this.#env].map(([name, value]) => `${name}=${value}`),
      ...(this.#labels.size === 0 ? {} : { Labels: Object.fromEntries(this.#labels) }),
      ...(this.#ports.size === 0 ? {} : { ExposedPorts: emptyObjects(this.#ports) }),
      ...(this.#volumes.size === 0 ? {} : { Volumes: emptyObjects(this.#volumes) }),
      OnBuild: this.#onBuild.length === 0 ? null : this.#onBuild,
    };
  }
}

/** The config after one step, for who keeps an image of every step. */
export function configAfter(config: ContainerConfig, change: ConfigChange): ContainerConfig {
  const changing = new StageConfig(config);
  changing.apply(change);
  return changing.toConfig();
}

function emptyObjects(names: ReadonlySet<string>): Record<string, Record<string, never>> {
  return Object.fromEntries([...names].map((name) => [name, {}]));
}
