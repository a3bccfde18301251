import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The host's own package sources for its release, as one deb822 text: third-party sources are left out, because their packages have no place
 * in the guest and their servers may be unreachable.
 * @param codename of the host's release; a suite belongs to it when it is the codename or `codename-…`
 */
export function releaseSources(files: readonly { name: string; text: string }[], codename: string): string {
  const stanzas = files.flatMap(({ name, text }) => (name.endsWith('.sources') ? deb822(text) : oneLine(text)));
  return stanzas
    .filter((stanza) => stanza.types.includes('deb') && stanza.components.includes('main'))
    .map((stanza) => ({ ...stanza, suites: stanza.suites.filter((suite) => suite === codename || suite.startsWith(`${codename}-`)) }))
    .filter((stanza) => stanza.suites.length > 0)
    .map(({ uris, suites, signedBy }) => `Types: deb\nURIs: ${uris.join(' ')}\nSuites: ${suites.join(' ')}\nComponents: main\n${signedBy === undefined ? '' : `Signed-By:${signedBy}\n`}`)
    .join('\n');
}

/** Reads what apt would read, and the codename of the release. */
export async function hostSources(etc = '/etc'): Promise<{ files: { name: string; text: string }[]; codename: string }> {
  const parts = (await readdir(join(etc, 'apt/sources.list.d')).catch((): string[] => [])).filter((name) => /\.(?:list|sources)$/.test(name)).sort();
  const paths = ['sources.list', ...parts.map((name) => `sources.list.d/${name}`)];
  const files = await Promise.all(paths.map(async (name) => ({ name, text: await readFile(join(etc, 'apt', name), 'utf8').catch(() => '') })));
  const codename = /^VERSION_CODENAME="?([\w-]+)"?$/m.exec(await readFile(join(etc, 'os-release'), 'utf8'))?.[1];
  if (codename === undefined) throw new Error(`${etc}/os-release names no VERSION_CODENAME: the guest image is built on Debian or Ubuntu`);
  return { files, codename };
}

interface Stanza {
  types: string[];
  uris: string[];
  suites: string[];
  components: string[];
  /** The raw value: a path, or a key over several lines. */
  signedBy: string | undefined;
}

function deb822(text: string): Stanza[] {
  return text.split(/\n\s*\n/).map((part) => {
    const fields = new Map<string, string>();
    let key = '';
    for (const line of part.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):(.*)$/.exec(line);
      if (field?.[1] !== undefined) fields.set((key = field[1].toLowerCase()), field[2] ?? '');
      else if (key !== '' && /^\s/.test(line)) fields.set(key, `${fields.get(key) ?? ''}\n${line}`);
    }
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    const disabled = fields.get('enabled')?.trim() === 'no';
    return { types: disabled ? [] : words('types'), uris: words('uris'), suites: words('suites'), components: words('components'), signedBy: fields.get('signed-by') };
  });
}

function oneLine(text: string): Stanza[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
    if (match?.[2] === undefined || match[3] === undefined) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(match[1] ?? '')?.[1];
    return [{ types: ['deb'], uris: [match[2]], suites: [match[3]], components: (match[4] ?? '').trim().split(/\s+/), signedBy: signedBy === undefined ? undefined : ` ${signedBy}` }];
  });
}
