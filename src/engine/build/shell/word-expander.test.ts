import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExpansionBudget } from './budget.ts';
import { environmentOf } from './environment.ts';
import { expand } from './word-expander.ts';

const VARIABLES = environmentOf(['A=one', 'E=', 'P=/usr/local/lib/libfoo.so.1.2', 'S=a/b/c', 'STAR=x*y', 'LONG=aXbXc', 'U=ÄöÄ', 'FOO=foo bar']);
const CASES: readonly [word: string, result: string][] = [
  ['${P#*/}', 'usr/local/lib/libfoo.so.1.2'], ['${P##*/}', 'libfoo.so.1.2'], ['${P%.*}', '/usr/local/lib/libfoo.so.1'], ['${P%%.*}', '/usr/local/lib/libfoo'],
  ['${P#nothing}', '/usr/local/lib/libfoo.so.1.2'], ['${P#/???}', '/local/lib/libfoo.so.1.2'], ['${P%?}', '/usr/local/lib/libfoo.so.1.'], ['${U#Ä}', 'öÄ'], ['${U%?}', 'Äö'],
  ['${S/\\//-}', 'a-b/c'], ['${S//\\//-}', 'a-b-c'], ['${LONG/X*/!}', 'a!'], ['${LONG//X/}', 'abc'], ['${LONG/?/_}', '_XbXc'], ['${LONG//?/_}', '_____'], ['${LONG/nothing/x}', 'aXbXc'],
  ['${STAR/\\*/+}', 'x+y'], ['${LONG/*X/<}', '<c'], ['${E//x/y}', ''], ['${NONE#x}', ''], ['${NONE/a/b}', ''], ['${LONG//X/$A}', 'aonebonec'], ['${LONG%X*}', 'aXb'], ['${LONG%%X*}', 'a'], ['${LONG#*X}', 'bXc'], ['${LONG##*X}', 'c'],
  ['${A:-x}${E:-x}${E-x}${NONE-x}', 'onexx'], ['${A:+x}${E:+x}${E+x}${NONE+x}', 'xx'], ['${A:?e}', 'one'], ["'$A'\"$A\"", '$Aone'], ['$A$A', 'oneone'], ['${NONE:-"a b"}', 'a b'], ['a\\', 'a'],
];
for (const [word, result] of CASES) test(word, () => { assert.equal(expand(word, VARIABLES).text, result); });

const REFUSED: readonly [word: string, message: string][] = [
  ['${A', 'failed to process "${A": syntax error: missing \'}\''], ['${A^}', 'failed to process "${A^}": unsupported modifier (^) in substitution'], ['${A:x}', 'failed to process "${A:x}": unsupported modifier (:x) in substitution'],
  ['${NONE:?}', 'failed to process "${NONE:?}": NONE: is not allowed to be unset'], ['${E:?}', 'failed to process "${E:?}": E: is not allowed to be empty'], ['${NONE?no $A}', 'failed to process "${NONE?no $A}": NONE: no one'],
  ['${}', 'failed to process "${}": syntax error: bad substitution'], ['"a', 'failed to process "\\"a": unexpected end of statement while looking for matching double-quote'],
  ['${A/x}', 'failed to process "${A/x}": syntax error: missing \'/\' in ${}'], ['${A/x/y', 'failed to process "${A/x/y": syntax error: missing \'}\''], ['${A#\\x}', 'failed to process "${A#\\\\x}": invalid pattern (\\x) in substitution: invalid escape \'\\x\''],
];
for (const [word, message] of REFUSED) test(`refused: ${word}`, () => { assert.throws(() => expand(word, VARIABLES), { name: 'InvalidArgumentError', message }); });

test('the other escape character', () => { assert.equal(expand('C:\\x\\`$A"`"$A"', VARIABLES, { escape: '`' }).text, 'C:\\x\\$A"one'); });
test('what had a value and what had none', () => {
  const { matched, unmatched } = expand('$A ${NONE:-$OTHER}', VARIABLES);
  assert.deepEqual([[...matched], [...unmatched]], [['A'], ['OTHER', 'NONE']]);
});
test('what has no value can stay', () => { assert.equal(expand('$NONE ${NONE} ${NONE:-$A} "$A"', VARIABLES, { keepUnset: true, keepQuotes: true }).text, '$NONE ${NONE} ${NONE:-one} "one"'); });
test('quotes of a document are plain', () => { assert.equal(expand('it\'s "$A"', VARIABLES, { plainQuotes: true }).text, 'it\'s "one"'); });

describe('hostile words', () => {
  test('a word of ten million characters', () => {
    assert.equal(expand('x'.repeat(10_000_000), VARIABLES).text.length, 10_000_000);
    assert.equal(expand('$NONE'.repeat(1_000_000), VARIABLES).unmatched.size, 1);
    assert.equal(expand(' \\ '.repeat(1_000_000), VARIABLES, { splits: true }).words.length, 1_000_000);
  });
  test('nesting', () => { assert.throws(() => expand('${A:-'.repeat(100_000), VARIABLES), /nested more than 200 deep|missing/); });
  test('patterns that make backtracking explode', () => {
    const value = environmentOf([`V=${'a'.repeat(20_000)}`]);
    assert.equal(expand(`\${V#${'*a'.repeat(200)}b}`, value).text.length, 20_000);
    assert.equal(expand(`\${V//${'*a'.repeat(200)}b/x}`, value).text.length, 20_000);
    assert.throws(() => expand(`\${V#*${'?'.repeat(10_000)}b}`, environmentOf([`V=${'a'.repeat(1_000_000)}`])), /takes too long/);
  });
  test('values that grow by doubling', () => {
    const budget = new ExpansionBudget(1024 * 1024);
    let value = 'xxxxxxxx';
    assert.throws(() => { for (let round = 0; round < 60; round += 1) value = expand('$V$V', environmentOf([`V=${value}`]), { budget }).text; }, /grow to more than 1 MiB/);
    assert.ok(value.length <= 1024 * 1024);
  });
});

describe('laws', () => {
  const random = (seed: number): (() => number) => () => { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; return seed / 2_147_483_648; };
  test('a single-quoted word is what it says, a word without specials too', () => {
    const next = random(7);
    for (let round = 0; round < 500; round += 1) {
      const text = Array.from({ length: 12 }, () => String.fromCodePoint(32 + Math.floor(next() * 90))).join('').replaceAll("'", '');
      assert.equal(expand(`'${text}'`, VARIABLES).text, text);
      const plain = text.replaceAll(/["$\\]/g, '');
      assert.equal(expand(plain, VARIABLES).text, plain);
      assert.deepEqual(expand(plain, VARIABLES, { splits: true }).words, plain.split(' ').filter((word) => word !== ''));
    }
  });
  test('the shortest and the longest match agree with regular expressions', () => {
    const next = random(11);
    const pick = (letters: string): string => letters.charAt(Math.floor(next() * letters.length));
    for (let round = 0; round < 2000; round += 1) {
      const value = Array.from({ length: 8 }, () => pick('ab')).join('');
      const pattern = Array.from({ length: 4 }, () => pick('ab*?')).join('');
      const [short, long] = ['.*?', '.*'].map((star) => new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', star)}`));
      const environment = environmentOf([`V=${value}`]);
      assert.equal(expand(`\${V#${pattern}}`, environment).text, value.replace(short ?? /^/, ''), `${value} # ${pattern}`);
      assert.equal(expand(`\${V##${pattern}}`, environment).text, value.replace(long ?? /^/, ''), `${value} ## ${pattern}`);
      if (!pattern.startsWith('?')) assert.equal(expand(`\${V/${pattern}/_}`, environment).text, value.replace(new RegExp(pattern.replaceAll('?', '.').replaceAll('*', '.*')), '_'), `${value} / ${pattern}`);
    }
  });
});
