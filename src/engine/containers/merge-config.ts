import type { ContainerConfig } from '../../api/wire/container.ts';

/** What a container's configuration takes from its image. Docker's rules (Config.Merge). Pure. */
export function mergeConfig(request: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const ownEntrypoint = request.Entrypoint !== undefined && request.Entrypoint !== null && request.Entrypoint.length > 0;
  const ownCommand = request.Cmd !== undefined && request.Cmd !== null && request.Cmd.length > 0;
  // An image's command belongs to its entrypoint: a new entrypoint drops it.
  const command = ownCommand || ownEntrypoint ? (request.Cmd ?? null) : (image.Cmd ?? null);
  return {
    ...request,
    User: given(request.User) ?? image.User ?? '',
    WorkingDir: given(request.WorkingDir) ?? image.WorkingDir ?? '',
    Env: mergeEnvironment(image.Env ?? [], request.Env ?? []),
    Labels: { ...image.Labels, ...request.Labels },
    Volumes: nullIfEmpty({ ...image.Volumes, ...request.Volumes }),
    ...keep('ExposedPorts', nullIfEmpty({ ...image.ExposedPorts, ...request.ExposedPorts })),
    Cmd: command,
    Entrypoint: ownEntrypoint ? stripEmpty(request.Entrypoint ?? []) : (image.Entrypoint ?? null),
    ...keep('StopSignal', given(request.StopSignal) ?? image.StopSignal),
    ...keep('Healthcheck', mergeHealth(request.Healthcheck, image.Healthcheck)),
    ...keep('Shell', request.Shell ?? image.Shell),
    OnBuild: null,
  };
}

/** Each option that a request leaves open is the image's. */
function mergeHealth(own: ContainerConfig['Healthcheck'], image: ContainerConfig['Healthcheck']): ContainerConfig['Healthcheck'] {
  if (!own || !image) return own ?? image;
  const given = Object.entries(own).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));
  return { ...image, ...Object.fromEntries(given) };
}

/** `--entrypoint ""` travels as a list of one empty string and means none. */
function stripEmpty(list: readonly string[]): string[] | null {
  return list.length === 1 && list[0] === '' ? null : [...list];
}

function mergeEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';
  const ownNames = new Set(own.map(nameOf));
  return [...own, ...image.filter((entry) => !ownNames.has(nameOf(entry)))];
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function nullIfEmpty<T extends object>(value: T): T | null {
  return Object.keys(value).length === 0 ? null : value;
}

function keep<K extends keyof ContainerConfig>(key: K, value: ContainerConfig[K] | null | undefined): Partial<ContainerConfig> {
  return value === undefined || value === null ? {} : { [key]: value };
}
