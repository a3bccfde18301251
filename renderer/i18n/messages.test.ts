import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { en } from './en.ts';
import { zh } from './zh.ts';

const flat = (tree: object, path = ''): Map<string, string> => new Map(Object.entries(tree).flatMap(([key, value]): [string, string][] => {
  const at = path === '' ? key : `${path}.${key}`;
  return typeof value === 'string' ? [[at, value]] : [...flat(value as object, at)];
}));
const [english, chinese] = [flat(en), flat(zh)];
const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

test('both languages have every text, with the same places to fill', () => {
  assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
  for (const [key, text] of english) assert.deepEqual(names(chinese.get(key) ?? ''), names(text), key);
});

test('every text of the Chinese set is Chinese, but for names and words that stay', () => {
  const stays = /^(app\.name|preferences\.locales\.en|logs\.stderr|images\.moreNames|images\.id|containers\.detail\.id|machine\.accelerators\.(kvm|hvf|whpx)|machine\.drivers\.(vfkit|wsl2))$/;
  for (const [key, text] of chinese) if (!stays.test(key)) assert.match(text, /\p{Script=Han}/u, key);
});

test('every key that the interface asks for exists, and none is left over', async () => {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const files = (await readdir(root, { recursive: true })).filter((path) => /\.(vue|ts)$/.test(path) && !/\.test\.ts$|^i18n\//.test(path));
  const source = (await Promise.all(files.map((path) => readFile(root + path, 'utf8')))).join('\n');
  const asked = new Set([...source.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map(([, key]) => key ?? ''));
  for (const key of asked) assert.ok(english.has(key), `no text for ${key}`);
  // A key that is made of parts counts as used when its fixed beginning stands in the source.
  const beginnings = [...source.matchAll(/[`']([a-z][\w.]*\.)\$\{/gi)].map(([, start]) => start ?? '');
  const words = [...source.matchAll(/'((?:machine|containers|images)\.\w+)'/g)].map(([, start]) => `${start ?? ''}.`);
  const unused = [...english.keys()].filter((key) => !asked.has(key) && !source.includes(`'${key}'`) && ![...beginnings, ...words].some((start) => key.startsWith(start)));
  assert.deepEqual(unused, []);
});
