import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aliasFile, dependencyFile, loadOrder, withDependencies, type ModuleTable } from './modules.ts';

function table(...modules: { name: string; depends?: string[]; soft?: string[]; aliases?: string[] }[]): ModuleTable {
  return new Map(modules.map(({ name, depends = [], soft = [], aliases = [] }) => [name, { name, depends, softDependsBefore: soft, aliases, path: `kernel/${name}.ko` }]));
}

const modules = table({ name: 'xfs', depends: ['libcrc32c'], aliases: ['fs-xfs'] }, { name: 'libcrc32c', soft: ['crc32c_intel'] }, { name: 'crc32c_intel' }, { name: 'nft_nat', depends: ['nf_nat', 'nf_tables'] }, { name: 'nf_nat', depends: ['libcrc32c'] }, { name: 'nf_tables' });

test('dependencies come first, each once, what is built in or loaded not at all', () => {
  assert.deepEqual(loadOrder(modules, ['xfs', 'nft-nat', 'built_in']), ['crc32c_intel', 'libcrc32c', 'xfs', 'nf_nat', 'nf_tables', 'nft_nat']);
  assert.deepEqual(loadOrder(modules, ['xfs'], new Set(['libcrc32c'])), ['xfs']);
});

test('a circle of soft dependencies ends', () => {
  assert.deepEqual(loadOrder(table({ name: 'a', soft: ['b'] }, { name: 'b', soft: ['a'] }), ['a']), ['b', 'a']);
});

test('what a chosen module needs is chosen too', () => {
  assert.deepEqual(withDependencies(modules, (path) => path === 'kernel/xfs.ko').sort(), ['crc32c_intel', 'libcrc32c', 'xfs']);
});

test('modprobe\'s indexes', () => {
  assert.equal(dependencyFile(modules, ['xfs', 'nft_nat']), 'kernel/nft_nat.ko: kernel/nf_tables.ko kernel/nf_nat.ko kernel/libcrc32c.ko kernel/crc32c_intel.ko\nkernel/xfs.ko: kernel/libcrc32c.ko kernel/crc32c_intel.ko\n');
  assert.equal(aliasFile(modules, ['xfs', 'nf_nat']), 'alias fs-xfs xfs\n');
});
