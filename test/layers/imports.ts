import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** File that imports, relative to the repository, with `/`. */
  from: string;
  /** As written. */
  specifier: string;
  /** For a relative specifier: the file meant, relative to the repository. */
  target: string | undefined;
}

const SOURCE = /\.(?:[cm]?[jt]s|tsx|vue)$/;
/** Folders by name, wherever they are; `build` is one of ours below src. */
const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'test-results', 'testdata']);
const NOT_OURS_AT_ROOT = 'build';

/** Every source file below `root`, relative to it. */
export async function* sourceFiles(root: string, below = ''): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = posix.join(below, entry.name);
    if (entry.isDirectory()) {
      if (!NOT_OURS.has(entry.name) && path !== NOT_OURS_AT_ROOT) yield* sourceFiles(root, path);
    } else if (SOURCE.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

/** Static imports, type imports, re-exports, `import()` and `require()` with a literal. */
export async function importsOf(root: string, file: string): Promise<Import[]> {
  const text = await readFile(join(root, file), 'utf8');
  return specifiersOf(file.endsWith('.vue') ? scriptBlocks(text) : text).map((specifier) => ({
    from: file,
    specifier,
    target: specifier.startsWith('.') ? posix.join(dirname(file), specifier.replace(/\?.*$/, '')) : undefined,
  }));
}

export function specifiersOf(source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map((found) => found.fileName);
}

/** The scripts of a single-file component, joined. */
export function scriptBlocks(component: string): string {
  return [...component.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '').join('\n');
}
