import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DockerfileError } from '../dockerfile/dockerfile-error.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { parseMount } from './mount.ts';
import { parseInstruction } from './parse-instruction.ts';
import { parseStages } from './parse-stages.ts';
import { nearest } from './suggest.ts';

/** What an instruction says, without its text. */
function body(line: string): Record<string, unknown> {
  const [node] = parseDockerfile(line).nodes;
  assert.ok(node);
  const written = ['keyword', 'source', 'range', 'comments'];
  return Object.fromEntries(Object.entries(parseInstruction(node)).filter(([key]) => !written.includes(key)));
}

const transfer = { files: [], chown: '', chmod: '', link: false, exclude: [] };
const add = { kind: 'add', ...transfer, checksum: '', keepGitDir: undefined, unpack: undefined };
const copy = { kind: 'copy', ...transfer, from: '', parents: false };
const run = { kind: 'run', isShell: true, heredocs: [], mounts: [], network: 'default', security: 'sandbox', devices: [] };

const READ: readonly [line: string, body: Record<string, unknown>][] = [
  ['FROM a', { kind: 'from', base: 'a', name: '', as: '', writtenName: '', platform: '' }],
  ['from --platform=$BUILDPLATFORM a as Base-1.x', { kind: 'from', base: 'a', name: 'base-1.x', as: 'as', writtenName: 'Base-1.x', platform: '$BUILDPLATFORM' }],
  ['ARG A B= C="x y"', { kind: 'arg', arguments: [{ name: 'A', value: undefined, description: '' }, { name: 'B', value: '', description: '' }, { name: 'C', value: '"x y"', description: '' }] }],
  ['ENV A=1 B="x y"', { kind: 'env', pairs: [{ name: 'A', value: '1', isLegacy: false }, { name: 'B', value: '"x y"', isLegacy: false }] }],
  ['ENV A one  two', { kind: 'env', pairs: [{ name: 'A', value: 'one  two', isLegacy: true }] }],
  ['LABEL a.b=c', { kind: 'label', pairs: [{ name: 'a.b', value: 'c', isLegacy: false }] }],
  ['RUN echo $A', { ...run, words: ['echo $A'] }],
  ['RUN ["a", "b"]', { ...run, words: ['a', 'b'], isShell: false }],
  ['RUN --network=none --security=insecure --device=v/c=n,required --device=name=x --mount=type=cache,target=/c --mount=target=/b x', { ...run, words: ['x'], network: 'none', security: 'insecure', devices: [{ name: 'v/c=n', required: true }, { name: 'x', required: false }], mounts: ['type=cache,target=/c', 'target=/b'] }],
  ['COPY a b /c', { ...copy, sources: ['a', 'b'], destination: '/c' }],
  ['COPY --from=0 --chown=1:2 --chmod=u+x --link --parents=false --exclude=*.o --exclude=t ["a b", "c"]', { ...copy, sources: ['a b'], destination: 'c', from: '0', chown: '1:2', chmod: 'u+x', link: true, exclude: ['*.o', 't'] }],
  ['COPY <<A <<-"B" c /d/\n1\nA\n\t2\n\tB', { ...copy, sources: ['c'], destination: '/d/', files: [{ name: 'A', data: '1\n', expands: true }, { name: 'B', data: '2\n', expands: false }] }],
  ['ADD --keep-git-dir --checksum=sha256:1 --unpack=false https://x/y /z', { ...add, sources: ['https://x/y'], destination: '/z', keepGitDir: true, checksum: 'sha256:1', unpack: false }],
  ['CMD a b', { kind: 'cmd', words: ['a b'], isShell: true }], ['CMD []', { kind: 'cmd', words: [], isShell: false }], ['CMD', { kind: 'cmd', words: [], isShell: true }],
  ['ENTRYPOINT ["a"]', { kind: 'entrypoint', words: ['a'], isShell: false }],
  ['EXPOSE 80 443/tcp $P', { kind: 'expose', ports: ['$P', '443/tcp', '80'] }],
  ['SHELL ["a", "-c"]', { kind: 'shell', words: ['a', '-c'] }],
  ['STOPSIGNAL 9', { kind: 'stopsignal', signal: '9' }], ['USER a:b', { kind: 'user', user: 'a:b' }], ['WORKDIR /a b', { kind: 'workdir', path: '/a b' }],
  ['VOLUME /a /b', { kind: 'volume', paths: ['/a', '/b'] }], ['VOLUME ["/a b"]', { kind: 'volume', paths: ['/a b'] }], ['MAINTAINER a <b>', { kind: 'maintainer', author: 'a <b>' }],
  ['ONBUILD RUN --mount=target=/x a  b', { kind: 'onbuild', expression: 'RUN --mount=target=/x a  b' }], ['onbuild copy <<E /x\n1\nE', { kind: 'onbuild', expression: 'copy <<E /x\n1\nE' }],
  ['HEALTHCHECK NONE', { kind: 'healthcheck', health: { Test: ['NONE'] } }],
  ['HEALTHCHECK --interval=5s --timeout=1m30s --start-period=1.5h --start-interval=0s --retries=0 cmd ["a"]', { kind: 'healthcheck', health: { Test: ['CMD', 'a'], Interval: 5e9, Timeout: 90e9, StartPeriod: 5400e9 } }],
];
describe('every instruction', () => { for (const [line, wanted] of READ) test(line, () => { assert.deepEqual(body(line), wanted); }); });

const REFUSED: readonly [line: string, message: string][] = [
  ['FRMO a', 'unknown instruction: FRMO (did you mean FROM?)'], ['wrkdir a', 'unknown instruction: wrkdir (did you mean WORKDIR?)'], ['constructor x', 'unknown instruction: constructor'], ['{', 'unknown instruction: {'],
  ['FROM', 'FROM requires either one or three arguments'], ['FROM a b', 'FROM requires either one or three arguments'], ['FROM a AS 1x', 'invalid name for build stage: "1x", name can\'t start with a number or contain symbols'], ['FROM --platfrom=x a', 'unknown flag: platfrom (did you mean platform?)'],
  ['ARG', 'ARG requires at least one argument'], ['ARG =x', 'ARG names can not be blank'], ['ENV', 'ENV requires at least one argument'], ['ENV =x', 'ENV names can not be blank'], ['LABEL =x', 'LABEL names can not be blank'], ['ENV --x a=b', 'unknown flag: x'],
  ['COPY a', 'COPY requires at least two arguments, but only one was provided. Destination could not be determined'], ['ADD', 'ADD requires at least two arguments, but only one was provided. Destination could not be determined'],
  ['COPY --from=a --from=b c d', 'duplicate flag specified: from'], ['COPY --from a b', 'missing a value on flag: from'], ['COPY --link= a b', 'missing a value on flag: link'], ['COPY --link=yes a b', 'expecting boolean value for flag link, not: yes'],
  ['COPY a <<E\nE', 'COPY cannot accept a heredoc as a destination'], ['ADD --from=x a b', 'unknown flag: from'],
  ['RUN --network=hots x', 'invalid network mode: "hots" (did you mean host?)'], ['RUN --security=x y', 'security "x" is not valid'], ['RUN --mount=from=$x,target=/a y', "'from' doesn't support variable expansion, define alias stage instead"], ['RUN --device=a,b c', "invalid field 'b' must be a key=value pair"],
  ['SHELL a b', 'SHELL requires the arguments to be in JSON form'], ['SHELL []', 'SHELL requires at least one argument'], ['WORKDIR', 'WORKDIR requires exactly one argument'], ['USER', 'USER requires exactly one argument'], ['MAINTAINER', 'MAINTAINER requires exactly one argument'], ['STOPSIGNAL', 'STOPSIGNAL requires exactly one argument'],
  ['VOLUME', 'VOLUME requires at least one argument'], ['VOLUME [" "]', 'VOLUME specified can not be an empty string'], ['EXPOSE', 'EXPOSE requires at least one argument'],
  ['ONBUILD', 'ONBUILD requires at least one argument'], ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"], ['ONBUILD from x', "FROM isn't allowed as an ONBUILD trigger"], ['ONBUILD MAINTAINER x', "MAINTAINER isn't allowed as an ONBUILD trigger"],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'], ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'], ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'], ['HEALTHCHECK TCP 1', 'Unknown type "TCP" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK --interval=1us CMD x', 'Interval "interval" cannot be less than 1ms'], ['HEALTHCHECK --timeout=x CMD y', 'time: invalid duration "x"'], ['HEALTHCHECK --retries=-1 CMD x', '--retries cannot be negative (-1)'], ['HEALTHCHECK --retries=x CMD y', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['CMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
];
describe('refused', () => { for (const [line, message] of REFUSED) test(line, () => { assert.throws(() => body(line), { name: 'InvalidArgumentError', message }); }); });

describe('mounts', () => {
  const MOUNTS: readonly [text: string, mount: Record<string, unknown>][] = [
    ['target=/a', { kind: 'bind', target: '/a', readOnly: true, required: false }],
    ['type=bind,from=x,src=/s,dst=/d,rw', { kind: 'bind', from: 'x', source: '/s', target: '/d', readOnly: false, required: false }],
    ['type=cache,id=i,destination=/c,sharing=Locked,mode=0700,uid=1,gid=2', { kind: 'cache', id: 'i', target: '/c', sharing: 'locked', mode: 0o700, uid: 1, gid: 2, readOnly: false, required: false }],
    ['type=cache,target=/c,ro=true', { kind: 'cache', target: '/c', readOnly: true, required: false }],
    ['type=tmpfs,target=/t,size=1.5m', { kind: 'tmpfs', target: '/t', sizeBytes: 1_572_864, readOnly: false, required: false }],
    ['type=secret,id=s,env=TOKEN,required', { kind: 'secret', id: 's', variable: 'TOKEN', required: true, readOnly: true }],
    ['type=ssh,required=false,mode=600', { kind: 'ssh', required: false, mode: 0o600, readOnly: true }],
    ['type=bind,"source=/a,b",target=$T', { kind: 'bind', source: '/a,b', target: '<$T>', readOnly: true, required: false }],
  ];
  for (const [text, mount] of MOUNTS) test(text, () => { assert.deepEqual(parseMount(text, (word) => (word.includes('$') ? `<${word}>` : word)), mount); });
  const WRONG: readonly [text: string, message: string][] = [
    ['type=bnid,target=/a', 'unsupported mount type "bnid" (did you mean bind?)'], ['type=cache,sharing=x', 'unsupported sharing value "x"'], ['type=bind,mode=1', 'mode not allowed for "bind" type mounts'], ['type=tmpfs,uid=1', 'uid not allowed for "tmpfs" type mounts'],
    ['required', "unexpected key 'required' for mount type 'bind'"], ['type=bind,size=1', "unexpected key 'size' for mount type 'bind'"], ['tagret=/a', "unexpected key 'tagret' in 'tagret=/a' (did you mean target?)"], ['a', "invalid field 'a' must be a key=value pair"],
    ['type=secret', 'invalid secret mount. one of source, target required'], ['type=secret,source=a,id=b', "both source and id can't be set"], ['type=secret,from=x,id=y', 'secret mount should not have a from'], ['type=secret,id=x,sharing=private', 'secret mount should not define sharing'], ['type=bind,sharing=private', 'invalid cache sharing set for bind mount'],
    ['type=cache,mode=9', 'invalid value 9 for mode'], ['type=cache,uid=x', 'invalid value x for uid'], ['type=tmpfs,size=x', 'invalid value for size: x'], ['ro=maybe', 'invalid value for ro: maybe'], ['a"b', 'failed to parse csv mounts: bare " in non-quoted field'], ['"a', 'failed to parse csv mounts: extraneous or missing " in quoted field'],
  ];
  for (const [text, message] of WRONG) test(`refused: ${text}`, () => { assert.throws(() => parseMount(text), { name: 'InvalidArgumentError', message }); });
});

describe('stages', () => {
  const failure = (text: string): unknown[] => {
    try {
      parseStages(parseDockerfile(text));
    } catch (error) {
      if (error instanceof DockerfileError) return [error.message, error.reason, error.ranges];
      throw error;
    }
    throw new Error('it parses');
  };
  test('arguments before the first are global', () => {
    const { globalArguments, stages } = parseStages(parseDockerfile('# A is first\nARG A=1\nFROM a AS x\nARG A\nRUN b\nFROM x\n'));
    assert.deepEqual(globalArguments.map((each) => each.arguments), [[{ name: 'A', value: '1', description: 'is first' }]]);
    assert.deepEqual(stages.map(({ from, instructions }) => [from.base, from.name, instructions.map(({ kind }) => kind)]), [['a', 'x', ['arg', 'run']], ['x', '', []]]);
  });
  test('errors name the line', () => {
    assert.deepEqual(failure('FROM a\n\nBAD \\\n x'), ['dockerfile parse error on line 3: unknown instruction: BAD (did you mean ADD?)', 'unknown instruction: BAD (did you mean ADD?)', [{ start: 3, end: 4 }]]);
    assert.deepEqual(failure('RUN a\nFROM b'), ['no build stage in current context', 'no build stage in current context', [{ start: 1, end: 1 }]]);
    assert.equal(failure('ARG A')[0], 'dockerfile contains no stages to build');
  });
});

test('the nearest word', () => {
  assert.deepEqual([nearest('hots', ['host', 'none']), nearest('host', ['host', 'hots']), nearest('x', ['host']), nearest('BULID', ['BUILD'], { ignoreCase: true }), nearest('x'.repeat(10_000_000), ['host'])], ['host', undefined, undefined, 'BUILD', undefined]);
});
