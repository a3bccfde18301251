import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isPresent } from '../host-packages.ts';

const HARNESS = `
#include "${import.meta.dirname}/init.h"
#include <stdio.h>
int main(int count, char **words) {
    char value[32], escaped[64];
    if (count == 2) { json_escape(words[1], escaped, sizeof escaped); puts(escaped); return 0; }
    if (!json_get(words[1], words[2], value, sizeof value)) return 1;
    puts(value);
    return 0;
}`;

describe('init reads JSON', { skip: isPresent('gcc') ? false : 'needs gcc' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-json-'));
  after(() => { rmSync(folder, { recursive: true }); });
  const program = join(folder, 'json');
  const compile = (): void => {
    writeFileSync(join(folder, 'harness.c'), HARNESS);
    execFileSync('gcc', ['-std=gnu17', '-D_GNU_SOURCE', '-fsanitize=undefined', '-Wall', '-Wextra', '-Werror', '-o', program, join(folder, 'harness.c'), join(import.meta.dirname, 'json.c')]);
  };
  const get = (text: string, path: string): string | undefined => {
    try {
      return execFileSync(program, [text, path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).slice(0, -1);
    } catch {
      return undefined;
    }
  };

  test('values by path, from whole documents only', () => {
    compile();
    const config = '{ "hostname": "a\\"b\\u0041", "network": { "address": "10.0.2.15/24", "dns": ["1.1.1.1", "2.2.2.2"] }, "n": -1.5e3 }';
    assert.equal(get(config, 'hostname'), 'a"bA');
    assert.equal(get(config, 'network.dns.1'), '2.2.2.2');
    assert.equal(get(config, 'n'), '-1.5e3');
    assert.equal(get(config, 'network.dns.2'), undefined);
    assert.equal(get(config, 'network'), undefined);
    for (const bad of ['', '{', '{"a":1', '{"a":1}x', '{"a" 1}', '["a",]', '{"a":"\n"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":01}', '{"a":1.}', '{"a":"', '{"a":"\\']) assert.equal(get(bad, 'a'), undefined, bad);
  });

  test('long values are cut, deep documents refused', () => {
    assert.equal(get(`{"a":"${'x'.repeat(100)}"}`, 'a'), 'x'.repeat(31));
    assert.equal(get(`{"${'k'.repeat(300)}":{"${'k'.repeat(300)}":1},"a":1}`, 'a'), '1');
    assert.equal(get(`{"a":1,"b":${'['.repeat(20)}${']'.repeat(20)}}`, 'a'), undefined);
  });

  test('what is said is valid JSON', () => {
    const escaped = execFileSync(program, ['a"b\\c\nd\u0001é'], { encoding: 'utf8' }).trim();
    assert.equal(typeof JSON.parse(`"${escaped}"`), 'string');
    assert.match(escaped, /^a\\"b\\\\c\\nd\\u0001/);
  });
});
