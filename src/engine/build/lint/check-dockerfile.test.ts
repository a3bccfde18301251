import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceKey, type BaseImage } from '../graph/build-options.ts';
import { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import { checkDockerfile, renderCheck } from './check-dockerfile.ts';
import { LINT_RULES } from './lint-rules.ts';
import { parseLintOptions } from './linter.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const DEBIAN = { kind: 'image', name: 'debian', location: 'docker.io/library/debian:latest', platform: AMD64 } as const;

interface Settings {
  arguments?: Record<string, string>;
  ignore?: string;
  target?: string;
  base?: BaseImage;
}

function check(text: string, { arguments: given = {}, ignore, target, base = { config: {} } }: Settings = {}): ReturnType<typeof checkDockerfile> {
  return checkDockerfile({
    text, options: { arguments: new Map(Object.entries(given)), buildPlatform: AMD64, ...(target === undefined ? {} : { target }) }, known: new Map([[sourceKey(DEBIAN), base]]),
    ...(ignore === undefined ? {} : { ignore: IgnoreMatcher.parse(ignore) }),
  });
}

const found = (text: string, settings?: Settings): string[] => check(text, settings).warnings.map(({ rule, detail, ranges }) => `${String(ranges[0]?.start)} ${rule}: ${detail}`);

const legacy = (keyword: string): string => `LegacyKeyValueFormat: "${keyword} key=value" should be used instead of legacy "${keyword} key value" format`;
const multiple = (keyword: string): string => `MultipleInstructionsDisallowed: Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`;
const secret = (keyword: string, name: string): string => `SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (${keyword} "${name}")`;
const json = (keyword: string): string => `JSONArgsRecommended: JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`;
const casing = (keyword: string, majority: string): string => `ConsistentInstructionCasing: Command '${keyword}' should match the case of the command majority (${majority})`;

const CASES: readonly [rule: keyof typeof LINT_RULES, text: string, warnings: readonly string[], settings?: Settings][] = [
  ['StageNameCasing', 'FROM scratch AS Bad', ["1 StageNameCasing: Stage name 'Bad' should be lowercase"]],
  ['StageNameCasing', 'FROM scratch AS good', []],
  ['FromAsCasing', 'FROM scratch as base', ["1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match"]],
  ['FromAsCasing', 'from scratch AS base', ["1 FromAsCasing: 'AS' and 'from' keywords' casing do not match"]],
  ['FromAsCasing', 'from scratch as base\nfrom scratch', []],
  ['NoEmptyContinuation', 'FROM scratch\nCOPY a \\\n\n.', ['4 NoEmptyContinuation: Empty continuation line']],
  ['NoEmptyContinuation', 'FROM scratch\nCOPY a \\\n# comment\n.', []],
  ['ConsistentInstructionCasing', 'From scratch\nFROM scratch', [`1 ${casing('From', 'uppercase')}`]],
  ['ConsistentInstructionCasing', 'FROM scratch\ncopy a /a\nCOPY b /b', [`2 ${casing('copy', 'uppercase')}`]],
  ['ConsistentInstructionCasing', 'FROM scratch\ncopy a /a\ncopy b /b', [`1 ${casing('FROM', 'lowercase')}`]],
  ['ConsistentInstructionCasing', 'frOM scratch as a\nfrom scratch as b', [`1 ${casing('frOM', 'lowercase')}`]],
  ['ConsistentInstructionCasing', 'from scratch\ncopy a /a', []],
  ['DuplicateStageName', 'FROM scratch AS b\nFROM scratch AS b', ['2 DuplicateStageName: Duplicate stage name "b", stage names should be unique']],
  ['DuplicateStageName', 'FROM scratch AS a\nFROM scratch AS b\nFROM scratch\nFROM scratch', []],
  ['ReservedStageName', 'FROM scratch AS scratch\nFROM scratch AS context', ['1 ReservedStageName: Stage name should not use the same name as reserved stage "scratch"', '2 ReservedStageName: Stage name should not use the same name as reserved stage "context"']],
  ['ReservedStageName', 'FROM scratch AS a', []],
  ['JSONArgsRecommended', 'FROM scratch\nCMD a\nENTRYPOINT b', [`2 ${json('CMD')}`, `3 ${json('ENTRYPOINT')}`]],
  ['JSONArgsRecommended', 'FROM scratch AS a\nSHELL ["/s"]\nFROM a\nCMD a\nENTRYPOINT ["b"]', []],
  ['MaintainerDeprecated', 'FROM scratch\nMAINTAINER me', ['2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label']],
  ['MaintainerDeprecated', 'FROM scratch\nLABEL a=b', []],
  ['UndefinedArgInFrom', 'ARG tag=latest\nFROM debian:${tag}${version} AS b', ["2 UndefinedArgInFrom: FROM argument 'version' is not declared"]],
  ['UndefinedArgInFrom', 'FROM --platform=$BULIDPLATFORM scratch', ["1 UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)"]],
  ['UndefinedArgInFrom', 'ARG base=scratch\nFROM $base\nFROM --platform=$BUILDPLATFORM scratch', []],
  ['WorkdirRelativePath', 'FROM scratch\nWORKDIR app/', ['2 WorkdirRelativePath: Relative workdir "app/" can have unexpected results if the base image changes']],
  ['WorkdirRelativePath', 'FROM scratch AS a\nWORKDIR /app\nFROM a AS b\nWORKDIR sub/', []],
  ['UndefinedVar', 'FROM scratch\nCOPY $foo .\nARG foo=bar\nRUN echo $nothing', ["2 UndefinedVar: Usage of undefined variable '$foo'"]],
  ['UndefinedVar', 'FROM debian\nENV PATH=$PAHT:/x', ["2 UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)"]],
  ['UndefinedVar', 'FROM scratch\nARG DIR_A=1 DIR_ASSETS=2\nCOPY $DIR_ASSET .', ["3 UndefinedVar: Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?)"]],
  ['UndefinedVar', 'FROM scratch\nARG foo\nCOPY a${foo} .\nENV X=$PATH', []],
  ['UndefinedVar', 'FROM debian AS base\nARG foo=a\nFROM base\nCOPY $foo $HOME', [], { base: { config: { Env: ['HOME=/root'] } } }],
  ['UndefinedVar', 'FROM elsewhere\nCOPY $of_the_image .', []],
  ['MultipleInstructionsDisallowed', 'FROM scratch\nENTRYPOINT ["a"]\nCMD ["a"]\nHEALTHCHECK CMD ["a"]\nCOPY <<E /a\nx\nE\nENTRYPOINT ["b"]\nCMD ["b"]\nHEALTHCHECK CMD ["b"]', [`2 ${multiple('ENTRYPOINT')}`, `3 ${multiple('CMD')}`, `4 ${multiple('HEALTHCHECK')}`]],
  ['MultipleInstructionsDisallowed', 'FROM scratch AS a\nCMD ["a"]\nFROM a\nCMD ["b"]', []],
  ['LegacyKeyValueFormat', 'FROM scratch\nENV a b\nLABEL c d', [`2 ${legacy('ENV')}`, `3 ${legacy('LABEL')}`]],
  ['LegacyKeyValueFormat', 'FROM scratch\nENV a=b\nLABEL c=d', []],
  ['InvalidBaseImagePlatform', 'FROM debian', ['1 InvalidBaseImagePlatform: Base image debian was pulled with platform "linux/arm64", expected "linux/amd64" for current build'], { base: { config: {}, platform: { os: 'linux', architecture: 'arm64' } } }],
  ['InvalidBaseImagePlatform', 'FROM debian', [], { base: { config: {}, platform: AMD64 } }],
  ['RedundantTargetPlatform', 'FROM --platform=$TARGETPLATFORM scratch', ['1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior']],
  ['RedundantTargetPlatform', 'FROM --platform=${TARGETPLATFORM} scratch', ['1 RedundantTargetPlatform: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior']],
  ['RedundantTargetPlatform', 'FROM --platform=$BUILDPLATFORM scratch', []],
  ['SecretsUsedInArgOrEnv', 'FROM scratch\nARG SECRET_PASSPHRASE\nENV password=bar secret=baz\nARG super_duper_secret_token=foo auth=bar\nENV apikey=bar sunflower=foo', [`2 ${secret('ARG', 'SECRET_PASSPHRASE')}`, `3 ${secret('ENV', 'password')}`, `3 ${secret('ENV', 'secret')}`, `4 ${secret('ARG', 'super_duper_secret_token')}`, `4 ${secret('ARG', 'auth')}`, `5 ${secret('ENV', 'apikey')}`]],
  ['SecretsUsedInArgOrEnv', 'FROM scratch\nENV PUBLIC_KEY= TOKEN_FILE=x monkey=1 KEY_VERSION=2\nARG public_token', []],
  ['InvalidDefaultArgInFrom', 'ARG VERSION\nFROM debian:$VERSION', ['2 InvalidDefaultArgInFrom: Default value for ARG debian:$VERSION results in empty or invalid base image name'], { arguments: { VERSION: 'latest' } }],
  ['InvalidDefaultArgInFrom', 'ARG IMAGE\nFROM $IMAGE', ['2 InvalidDefaultArgInFrom: Default value for ARG $IMAGE results in empty or invalid base image name'], { arguments: { IMAGE: 'debian' } }],
  ['InvalidDefaultArgInFrom', 'ARG V=latest\nFROM debian:${V}\nARG X=""\nFROM debian:stable${X}', [], { arguments: { V: 'x' } }],
  ['FromPlatformFlagConstDisallowed', 'FROM --platform=linux/amd64 scratch', ['1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64"']],
  ['FromPlatformFlagConstDisallowed', 'FROM --platform=linux/amd64 scratch AS my_amd64_stage\nFROM --platform=linux/arm64 scratch AS linux', []],
  ['CopyIgnoredFile', 'FROM scratch\nCOPY ./a/b .\nADD a /windy\nCOPY . /all', ['2 CopyIgnoredFile: Attempting to Copy file "a/b" that is excluded by .dockerignore', '3 CopyIgnoredFile: Attempting to Add file "a" that is excluded by .dockerignore'], { ignore: 'a\n' }],
  ['CopyIgnoredFile', 'FROM scratch\nCOPY . .', ['2 CopyIgnoredFile: Attempting to Copy file "." that is excluded by .dockerignore'], { ignore: '*\n' }],
  ['CopyIgnoredFile', 'FROM scratch AS x\nCOPY b /a\nFROM x\nCOPY --from=x /a /b\nADD https://x/a /c', [], { ignore: 'a\n' }],
  ['CopyIgnoredFile', 'FROM scratch\nCOPY a/b .', [], { ignore: 'a\n!a/b\n' }],
  ['InvalidDefinitionDescription', '# check=experimental=InvalidDefinitionDescription\n# bar this is bar\nARG foo=bar\n# BasE this is it\nFROM scratch AS base\n# bad\nARG version=latest\n# bad\nARG foo=baz bar=qux', ['3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# foo <description>`', '5 InvalidDefinitionDescription: Comment for FROM should follow the format: `# base <description>`', '7 InvalidDefinitionDescription: Comment for ARG should follow the format: `# version <description>`', '9 InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>`']],
  ['InvalidDefinitionDescription', '# check=experimental=all\n# foo this is foo\nARG foo=bar\n\n# base this is it\nFROM scratch AS base\n# baz is baz\nARG foo=1 baz=2\n# what\n#\nARG bit=bat\n\n# for nothing\n\nARG x\n# none\nCOPY a /a', []],
  ['InvalidDefinitionDescription', '# bar this is bar\nARG foo=bar\nFROM scratch', []],
  ['ExposeProtoCasing', 'FROM scratch\nEXPOSE 80/TcP 81/tcp', ["2 ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase"]],
  ['ExposeProtoCasing', 'FROM scratch\nEXPOSE 80/tcp 53/udp 9', []],
  ['ExposeInvalidFormat', 'FROM scratch\nEXPOSE 127.0.0.1:80:80 [::1]:90:90 70:70', ["2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'", "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '70:70'", "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '[::1]:90:90'"]],
  ['ExposeInvalidFormat', 'FROM scratch\nEXPOSE 8000-8010', []],
];

for (const [rule, text, warnings, settings] of CASES) {
  test(`${rule}: ${text.replaceAll('\n', ' | ')}`, () => { assert.deepEqual(found(text, settings).filter((line) => line.includes(` ${rule}: `)), warnings); });
}

test('every rule has a good and a bad case', () => {
  for (const rule of Object.keys(LINT_RULES)) {
    assert.ok(CASES.some(([name, , warnings]) => name === rule && warnings.length > 0), `${rule} has no bad case`);
    assert.ok(CASES.some(([name, , warnings]) => name === rule && warnings.length === 0), `${rule} has no good case`);
  }
});

describe('options', () => {
  const text = 'FROM scratch as base\ncopy a .';
  const rules = (line: string, settings?: Settings): string[] => check(`${line}\n${text}`, settings).warnings.map(({ rule }) => rule);
  test('skip', () => {
    assert.deepEqual(rules('#check=skip=all'), []);
    assert.deepEqual(rules('# check=skip=ConsistentInstructionCasing, FromAsCasing;error=true'), []);
    assert.deepEqual(rules('# check=skip=ConsistentInstructionCasing'), ['FromAsCasing']);
  });
  test('the build argument stands in for the directive', () => {
    assert.deepEqual(rules('#check=skip=all', { arguments: { BUILDKIT_DOCKERFILE_CHECK: 'skip=ConsistentInstructionCasing' } }), ['FromAsCasing']);
    assert.deepEqual(rules('#check=error=true', { arguments: { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' } }), []);
  });
  test('error', () => {
    const result = check(`#check=skip=ConsistentInstructionCasing;error=true\n${text}`);
    assert.deepEqual(result.error, { message: 'lint violation found for rules: FromAsCasing', ranges: [{ start: 2, end: 2 }] });
    assert.equal(result.warnings.length, 1);
  });
  test('wrong ones', () => {
    assert.throws(() => parseLintOptions('x'), { message: 'invalid check option "x"' });
    assert.throws(() => parseLintOptions('x=1'), { message: 'invalid check option "x"' });
    assert.throws(() => parseLintOptions('error=perhaps'), { message: 'failed to parse check option "error=perhaps": invalid syntax' });
    assert.equal(check('# check=x=1\nFROM scratch').error?.message, 'invalid check option "x"');
  });
});

test('what is found before an error is told with it', () => {
  const result = check('FROM scratch AS Bad\nMAINTAINER me\nBADCMD');
  assert.deepEqual([result.warnings.map(({ rule }) => rule), result.error], [['StageNameCasing', 'MaintainerDeprecated'], { message: 'dockerfile parse error on line 3: unknown instruction: BADCMD', ranges: [{ start: 3, end: 3 }] }]);
});

test('all stages are looked at, with a target those that it needs', () => {
  const text = 'FROM scratch AS a\nENV x y\nFROM scratch AS b\nENV x y';
  assert.deepEqual([check(text).warnings.length, check(text, { target: 'b' }).warnings.length], [2, 1]);
});

test('the report', () => {
  const text = 'FROM scratch\nENV a b\nBAD';
  assert.equal(renderCheck(check(text.replace('\nBAD', '')), { file: 'Dockerfile', text }), [
    'Check complete, 1 warning has been found!', '', 'WARNING: LegacyKeyValueFormat', 'Legacy key/value format with whitespace separator should not be used', '"ENV key=value" should be used instead of legacy "ENV key value" format',
    'Dockerfile:2', '--------------------', '   1 |     FROM scratch', '   2 | >>> ENV a b', '   3 |     BAD', '--------------------', ''].join('\n'));
  assert.equal(renderCheck(check('FROM scratch'), { file: 'Dockerfile', text: 'FROM scratch' }), 'Check complete, no warnings found.\n');
  assert.match(renderCheck(check(text), { file: 'Dockerfile', text }), /^\nERROR: dockerfile parse error on line 3: unknown instruction: BAD.*\nDockerfile:3\n/);
});
