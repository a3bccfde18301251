import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ArityError, checkArity } from './arity.ts';
import { bool, int, list, text } from './flag.ts';
import { FlagError, HelpWanted, parse } from './parse.ts';
import { suggest } from './suggest.ts';

const FLAGS = { all: bool('', { short: 'a' }), interactive: bool('', { short: 'i' }), last: int('', { short: 'n' }), name: text(''), publish: list('', { short: 'p' }), proxy: bool('', { initial: true }) };

describe('parse', () => {
  const cases: readonly [string, object, string[]][] = [
    ['-ai x', { all: true, interactive: true }, ['x']],
    ['-p80:80 -p 81:81 -p=82:82', { publish: ['80:80', '81:81', '82:82'] }, []],
    ['--name web x --name=db', { name: 'db' }, ['x']],
    ['--all=false --proxy=0', { all: false, proxy: false }, []],
    ['-ain3', { all: true, interactive: true, last: 3 }, []],
    ['-- -a', {}, ['-a']],
    ['- -n -1', { last: -1 }, ['-']],
    ['--name= x', { name: '' }, ['x']],
  ];
  for (const [line, flags, args] of cases) {
    test(line, () => {
      const parsed = parse(FLAGS, line.split(' '));
      assert.deepEqual({ ...parsed.flags, ...flags }, parsed.flags);
      assert.deepEqual(parsed.args, args);
    });
  }

  test('what follows the first argument is left alone where it belongs to it', () => {
    assert.deepEqual(parse(FLAGS, ['-a', 'image', '-i', '--', '--name'], true).args, ['image', '-i', '--', '--name']);
  });

  const wrong: readonly [string, string][] = [
    ['--nope', 'unknown flag: --nope'], ['-az', "unknown shorthand flag: 'z' in -z"], ['--name', 'flag needs an argument: --name'], ['-an', "flag needs an argument: 'n' in -n"],
    ['-n x', 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'], ['--all=maybe', 'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    ['---x', 'bad flag syntax: ---x'], ['--constructor', 'unknown flag: --constructor'],
  ];
  for (const [line, message] of wrong) test(line, () => { assert.throws(() => parse(FLAGS, line.split(' ')), (error) => error instanceof FlagError && error.message === message); });

  test('help is wanted', () => {
    for (const line of ['--help', '-h', '-ah', 'x --help']) assert.throws(() => parse(FLAGS, line.split(' ')), HelpWanted);
  });
});

test('checkArity words what is missing as docker does', () => {
  const message = (arity: { min: number; max?: number }, count: number): string => { try { checkArity('strata x', arity, count); return ''; } catch (error) { assert.ok(error instanceof ArityError); return error.message; } };
  assert.equal(message({ min: 0, max: 0 }, 1), "'strata x' accepts no arguments");
  assert.equal(message({ min: 1 }, 0), "'strata x' requires at least 1 argument");
  assert.equal(message({ min: 2, max: 2 }, 1), "'strata x' requires 2 arguments");
  assert.equal(message({ min: 0, max: 1 }, 2), "'strata x' requires at most 1 argument");
  assert.equal(message({ min: 1, max: 2 }, 3), "'strata x' requires at least 1 and at most 2 arguments");
  assert.equal(message({ min: 1 }, 9), '');
});

test('suggest finds what was meant, and nothing else', () => {
  const names = ['ps', 'pull', 'images', 'inspect', 'run', 'rm', 'rmi'];
  assert.deepEqual(suggest('imgaes', names), ['images']);
  assert.deepEqual(suggest('rnu', names), ['run']);
  assert.deepEqual(suggest('insp', names), ['inspect']);
  assert.deepEqual(suggest('kubernetes', names), []);
});
