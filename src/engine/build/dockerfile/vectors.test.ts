import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../shell/environment.ts';
import { expand } from '../shell/word-expander.ts';
import type { DockerfileNode } from './dockerfile-node.ts';
import { quote, quoteList } from './go-text.ts';
import { parseDockerfile } from './parse-dockerfile.ts';

/** Cases that belong to nobody's source tree: pairs of Dockerfile and tree, refused files, expansions, words. */
const VECTORS = fileURLToPath(new URL('../../../../../shared/vectors/dockerfile/', import.meta.url));
const skip = existsSync(VECTORS) ? false : 'skipped: ../shared/vectors/dockerfile is not there';
const read = (path: string): string => readFileSync(VECTORS + path, 'utf8');
const casesIn = (folder: string): string[] => (skip === false ? readdirSync(VECTORS + folder) : []);

function dump({ keyword, flags, words, trigger }: DockerfileNode): string {
  const shown = [keyword.toLowerCase(), ...(flags.length === 0 ? [] : [quoteList(flags)]), ...words.map(quote), ...(trigger === undefined ? [] : [dump(trigger)])];
  return `(${shown.join(' ')})`;
}

describe('the tree of a Dockerfile', { skip }, () => {
  for (const name of casesIn('parse')) {
    test(name, () => {
      const nodes = parseDockerfile(read(`parse/${name}/Dockerfile`)).nodes;
      assert.equal(`${nodes.map(dump).join('\n')}\n`, `${read(`parse/${name}/result`).trimEnd()}\n`);
    });
  }
});

describe('refused Dockerfiles', { skip }, () => {
  for (const name of casesIn('parse-errors')) {
    test(name, () => { assert.throws(() => parseDockerfile(read(`parse-errors/${name}/Dockerfile`)), { name: 'InvalidArgumentError' }); });
  }
});

describe('expansion of a word', { skip }, () => {
  const lines = skip === false ? read('env-expansion.txt').split('\n') : [];
  const entries = ['PWD=/home', 'SHELL=bash', 'KOREAN=한국어', 'NULL='];
  for (const [index, line] of lines.entries()) {
    const [, platform = '', word = '', wanted = ''] = /^([AUW])\|(.*?)\s*\|\s*(.*)$/.exec(line) ?? [];
    for (const os of platform === 'A' ? ['linux', 'windows'] : platform === 'U' ? ['linux'] : platform === 'W' ? ['windows'] : []) {
      test(`line ${String(index + 1)} on ${os}: ${word}`, () => {
        if (wanted.trim() === 'error') assert.throws(() => expand(word, environmentOf(entries, os)), { name: 'InvalidArgumentError' });
        else assert.equal(expand(word, environmentOf(entries, os)).text, wanted);
      });
    }
  }
});

describe('words of an expansion', { skip }, () => {
  const entries: string[] = [];
  const lines = skip === false ? read('words.txt').split('\n') : [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('ENV ')) entries.push(line.slice(4));
    if (line === '' || line.startsWith('#') || line.startsWith('ENV ')) continue;
    const [word = '', wanted = ''] = line.split(' | ');
    const known = [...entries];
    test(`line ${String(index + 1)}: ${word}`, () => {
      if (wanted === 'error') assert.throws(() => expand(word.trimEnd(), environmentOf(known), { splits: true }), { name: 'InvalidArgumentError' });
      else assert.deepEqual(expand(word.trimEnd(), environmentOf(known), { splits: true }).words, wanted.split(','));
    });
  }
});
