/** What log drivers may tell of the container whose output they log. */
export interface LogSubject {
  /** 64 hex digits. */
  id: string;
  name: string;
  /** With its algorithm: `sha256:…`. */
  imageId: string;
  imageName: string;
  /** Entrypoint and command. */
  args: readonly string[];
  /** `NAME=value`. */
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
}

/** `--log-opt`, as given. */
export type LogOptions = Readonly<Record<string, string>>;
