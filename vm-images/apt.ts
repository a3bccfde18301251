import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exec } from '../src/base/exec.ts';
import { hostSources, releaseSources } from './apt-sources.ts';
import type { Arch } from './recipe.ts';

export interface DebianPackage {
  name: string;
  version: string;
}

/**
 * apt with a state of its own under one directory: it needs no root, sees no installed packages and does not touch the host's lists.
 * Servers, keys and proxies are the host's.
 */
export class Apt {
  readonly #directory: string;
  readonly #arch: Arch;

  constructor(directory: string, arch: Arch) {
    this.#directory = resolve(directory);
    this.#arch = arch;
  }

  /** Fetches the package lists. */
  async update(): Promise<void> {
    const { files, codename } = await hostSources();
    const sources = releaseSources(files, codename);
    if (sources === '') throw new Error(`the host's apt configuration has no source for ${codename}: add one to /etc/apt/sources.list`);
    await Promise.all(['lists/partial', 'cache/archives/partial', 'sources', 'preferences', 'log'].map((name) => mkdir(join(this.#directory, name), { recursive: true })));
    await writeFile(join(this.#directory, 'status'), '');
    await writeFile(join(this.#directory, 'sources/strata.sources'), sources);
    await this.#apt('apt-get', 'update');
  }

  /** The first of the named packages that the distribution has. */
  async firstKnown(names: readonly string[]): Promise<string> {
    for (const name of names) {
      const { stdout } = await this.#apt('apt-cache', 'show', '--no-all-versions', name).catch(() => ({ stdout: '' }));
      if (stdout.includes('Package:')) return name;
    }
    throw new Error(`the host's distribution has none of the packages ${names.join(', ')}`);
  }

  /** The packages that installing `names` on an empty system would bring, sorted by name, less the excluded ones. */
  async closure(names: readonly string[], excluded: readonly RegExp[]): Promise<DebianPackage[]> {
    const { stdout } = await this.#apt('apt-get', '--print-uris', '--no-install-recommends', '-y', 'install', ...names);
    return parseUris(stdout).filter(({ name }) => !excluded.some((pattern) => pattern.test(name)));
  }

  /** The files of the packages, downloaded where they are not there yet; apt verifies them. */
  async download(packages: readonly DebianPackage[]): Promise<string[]> {
    const archives = join(this.#directory, 'archives');
    await mkdir(archives, { recursive: true });
    const file = ({ name, version }: DebianPackage): string => join(archives, `${name}_${version.replaceAll(':', '%3a')}_${this.#arch}.deb`);
    const everywhere = ({ name, version }: DebianPackage): string => join(archives, `${name}_${version.replaceAll(':', '%3a')}_all.deb`);
    const missing = packages.filter((item) => !existsSync(file(item)) && !existsSync(everywhere(item)));
    if (missing.length > 0) await this.#apt('apt-get', 'download', ...missing.map(({ name, version }) => `${name}=${version}`));
    return packages.map((item) => [file(item), everywhere(item)].find(existsSync) ?? fail(`apt did not deliver ${basename(file(item))}`));
  }

  /** The lists as fetched, to tell whether `update` has run. */
  hasLists(): boolean {
    return existsSync(join(this.#directory, 'sources/strata.sources')) && existsSync(join(this.#directory, 'lists'));
  }

  async #apt(command: string, ...args: string[]): Promise<{ stdout: string }> {
    const dir = this.#directory;
    const options = [
      `Dir::State=${dir}`, `Dir::State::lists=${dir}/lists`, `Dir::State::status=${dir}/status`, `Dir::State::extended_states=${dir}/extended`,
      `Dir::Cache=${dir}/cache`, `Dir::Etc::SourceList=/dev/null`, `Dir::Etc::SourceParts=${dir}/sources`, `Dir::Etc::Preferences=/dev/null`,
      `Dir::Etc::PreferencesParts=${dir}/preferences`, `Dir::Log=${dir}/log`, `APT::Architecture=${this.#arch}`, `APT::Architectures::=${this.#arch}`,
      'APT::Sandbox::User=', 'Debug::NoLocking=true', 'Acquire::Languages=none', 'Acquire::Retries=3', 'APT::Install-Recommends=false', 'APT::Get::Update::InteractiveReleaseInfoChanges=false', 'APT::Update::Error-Mode=any',
    ].flatMap((option) => ['-o', option]);
    return exec(command, ['-q', ...options, ...args], { cwd: existsSync(join(dir, 'archives')) ? join(dir, 'archives') : '/', env: { ...process.env, LC_ALL: 'C' } });
  }
}

/** `'URI' NAME_VERSION_ARCH.deb SIZE [HASH]`, one a line; other lines are apt's talk. */
export function parseUris(text: string): DebianPackage[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const match = /^'[^']+' ([^_\s]+)_([^_\s]+)_\w+\.deb \d+(?: \S+)?$/.exec(line.trim());
      return match?.[1] === undefined || match[2] === undefined ? [] : [{ name: match[1], version: decodeURIComponent(match[2]) }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function fail(message: string): never {
  throw new Error(message);
}

/** A list kept from an earlier resolution, or undefined. */
export async function readPackageList(path: string, key: string): Promise<DebianPackage[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const kept = JSON.parse(text) as { key?: unknown; packages?: DebianPackage[] };
  return kept.key === key ? kept.packages : undefined;
}
