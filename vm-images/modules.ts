import { moduleName, type ModuleInfo } from './module-info.ts';

/** The kernel's modules that go into the guest, by name. `path` is relative to the modules folder (`kernel/fs/xfs/xfs.ko`). */
export type ModuleTable = ReadonlyMap<string, ModuleInfo & { path: string }>;

/**
 * Everything that must be loaded for `names`, dependencies first, each once. Names that the table lacks are taken to be built into the kernel.
 * @param loaded modules that are there already
 */
export function loadOrder(table: ModuleTable, names: readonly string[], loaded: ReadonlySet<string> = new Set()): string[] {
  const order: string[] = [];
  const seen = new Set(loaded);
  const visit = (name: string): void => {
    const module = table.get(moduleName(name));
    if (module === undefined || seen.has(module.name)) return;
    seen.add(module.name);
    [...module.softDependsBefore, ...module.depends].forEach(visit);
    order.push(module.name);
  };
  names.forEach(visit);
  return order;
}

/** The chosen modules and whatever they need. */
export function withDependencies(table: ModuleTable, chosen: (path: string) => boolean): string[] {
  return loadOrder(table, [...table.values()].filter(({ path }) => chosen(path)).map(({ name }) => name).sort());
}

/** `modules.dep` of modprobe (modules.dep(5)): what must be loaded first stands last. */
export function dependencyFile(table: ModuleTable, names: readonly string[]): string {
  return names.toSorted().map((name) => {
    const order = loadOrder(table, table.get(name)?.depends ?? []).toReversed();
    return `${pathOf(table, name)}: ${order.map((depend) => pathOf(table, depend)).join(' ')}`.trimEnd();
  }).join('\n') + '\n';
}

/** `modules.alias` of modprobe. */
export function aliasFile(table: ModuleTable, names: readonly string[]): string {
  return names.toSorted().flatMap((name) => (table.get(name)?.aliases ?? []).map((alias) => `alias ${alias} ${name}`)).join('\n') + '\n';
}

function pathOf(table: ModuleTable, name: string): string {
  const path = table.get(name)?.path;
  if (path === undefined) throw new Error(`no kernel module ${name}`);
  return path;
}
