import assert from 'node:assert/strict';
import { builtinModules } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { homeless, layerOf, refusal, tableFaults } from './layers/check.ts';
import { importsOf, scriptBlocks, sourceFiles, specifiersOf } from './layers/imports.ts';
import { LAYERS } from './layers/table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const files = await Array.fromAsync(sourceFiles(ROOT));
const imports = (await Promise.all(files.map((file) => importsOf(ROOT, file)))).flat();

const report = (faults: readonly (string | undefined)[]): void => {
  const found = faults.filter((fault) => fault !== undefined);
  assert.equal(found.length, 0, `\n${found.join('\n')}`);
};

test('the table has no cycle', () => { report(tableFaults()); });

test('every source file is in a layer', () => {
  report(files.map((file) => (layerOf(file) === undefined ? homeless(file) : undefined)));
});

test('every import is one that its layer may make', () => { report(imports.map(refusal)); });

test('modules of Node are named with node:', () => {
  report(imports.map((found) => (builtinModules.includes(found.specifier) && !found.specifier.startsWith('node:')
    ? `${found.from} imports ${found.specifier}. Remedy: write node:${found.specifier}, so that nothing from the registry can take its place` : undefined)));
});

test('nothing imports a main.ts: programs are started, not imported', () => {
  report(imports.map((found) => (found.target !== undefined && /^src\/.*\/main\.ts$/.test(found.target) && found.target !== found.from
    ? `${found.from} imports ${found.target}. Remedy: move what you need out of the composition root` : undefined)));
});

test('the check itself: what it refuses, and what it lets pass', () => {
  const from = (file: string, specifier: string, target?: string): string | undefined => refusal({ from: file, specifier, target });
  assert.match(from('src/engine/images/a.ts', '../../machine/b.ts', 'src/machine/b.ts') ?? '', /layer engine\/images.*layer machine.*Remedy/);
  assert.match(from('src/engine/content/a.ts', '../images/b.ts', 'src/engine/images/b.ts') ?? '', /Remedy/);
  assert.match(from('renderer/a.vue', 'electron') ?? '', /only src\/desktop/);
  assert.match(from('test/desktop/a.test.ts', 'electron') ?? '', /only src\/desktop/);
  assert.match(from('src/api/a.ts', 'node:fs') ?? '', /Remedy/);
  assert.match(from('src/api/client/a.ts', '../node/unix.ts', 'src/api/node/unix.ts') ?? '', /Remedy/);
  assert.match(from('src/lost/a.ts', './b.ts', 'src/lost/b.ts') ?? '', /is in no layer/);
  assert.match(from('src/cli/a.ts', '../machine/qemu/b.ts', 'src/machine/qemu/b.ts') ?? '', /not a door/);
  assert.equal(from('src/cli/a.ts', '../machine/machine-life.ts', 'src/machine/machine-life.ts'), undefined);
  assert.equal(from('src/api/node/a.ts', 'node:net'), undefined);
  assert.equal(from('src/engine/containers/a.ts', '../images/image.ts', 'src/engine/images/image.ts'), undefined);
  assert.equal(from('renderer/a.test.ts', 'node:test'), undefined);
  assert.equal(LAYERS.length, new Set(LAYERS.map((layer) => layer.name)).size);
  assert.equal(tableFaults([{ name: 'a', paths: [], imports: ['b'], node: 'all', remedy: '' }, { name: 'b', paths: [], imports: ['a'], node: 'all', remedy: '' }]).length, 1);
});

test('the parser finds every kind of import', () => {
  const source = "import a from './a.ts';\nimport type { B } from './b.ts';\nexport { c } from './c.ts';\nconst d = await import('./d.ts');\nconst e = require('./e.cjs');\n// import './not.ts'\nconst s = \"import x from './no.ts'\";";
  assert.deepEqual(specifiersOf(source).toSorted(), ['./a.ts', './b.ts', './c.ts', './d.ts', './e.cjs']);
  assert.deepEqual(specifiersOf(scriptBlocks('<template>x</template>\n<script setup lang="ts">\nimport v from \'vue\';\n</script>')), ['vue']);
});
