import { elfSection } from './elf.ts';

/** What a kernel module says of itself. Names are normalised: `-` and `_` mean the same to the kernel, we use `_`. */
export interface ModuleInfo {
  name: string;
  depends: readonly string[];
  /** Modules that should be loaded before this one (`softdep: pre:`). */
  softDependsBefore: readonly string[];
  aliases: readonly string[];
}

/**
 * Reads the `.modinfo` section of a little-endian ELF64 kernel module.
 * @throws Error when the file is not such a module
 */
export function moduleInfo(path: string, file: Buffer): ModuleInfo {
  const section = elfSection(path, file, '.modinfo');
  if (section === undefined) throw new Error(`${path}: no .modinfo section`);
  const fields = section.toString('utf8').split('\0');
  const values = (key: string): string[] => fields.filter((field) => field.startsWith(`${key}=`)).map((field) => field.slice(key.length + 1));
  const name = values('name')[0];
  if (name === undefined) throw new Error(`${path}: module without a name`);
  return {
    name: moduleName(name),
    depends: (values('depends')[0] ?? '').split(',').filter((depend) => depend !== '').map(moduleName),
    softDependsBefore: values('softdep').flatMap(softPre).map(moduleName),
    aliases: values('alias'),
  };
}

export function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** `pre: a b post: c` names a and b. */
function softPre(value: string): string[] {
  const words = value.split(/\s+/);
  const names: string[] = [];
  let before = false;
  for (const word of words) {
    if (word.endsWith(':')) before = word === 'pre:';
    else if (before && word !== '') names.push(word);
  }
  return names;
}
