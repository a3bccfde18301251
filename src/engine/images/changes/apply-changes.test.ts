import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig } from '../../../api/wire/container.ts';
import { applyChanges } from './apply-changes.ts';

/** What stock dockerd makes of the same lines on an empty config. */
const RESULTS: readonly [changes: readonly string[], result: ContainerConfig][] = [
  [['CMD echo hi'], { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
  [['cmd [ "a" , "b" ]'], { Cmd: ['a', 'b'] }],
  [["CMD ['a']"], { Cmd: ['/bin/sh', '-c', "['a']"] }],
  [['CMD'], { Cmd: ['/bin/sh', '-c'] }],
  [['CMD a \\', 'b c'], { Cmd: ['/bin/sh', '-c', 'a b c'] }],
  [['# comment', 'CMD x # y'], { Cmd: ['/bin/sh', '-c', 'x # y'] }],
  [['CMD x', 'ENTRYPOINT ["e"]'], { Cmd: ['/bin/sh', '-c', 'x'], Entrypoint: ['e'] }],
  [['ENTRYPOINT a b'], { Cmd: null, Entrypoint: ['/bin/sh', '-c', 'a b'] }],
  [['ENTRYPOINT []'], { Cmd: null, Entrypoint: null }],
  [[String.raw`ENV A=1 B="two words" C='$A' D=\$A E=a\ b`], { Env: ['A=1', 'B=two words', 'C=$A', 'D=$A', 'E=a b'] }],
  [['ENV A=1', 'ENV B=$A-${A}-${NO:-def}-${A:+alt}'], { Env: ['A=1', 'B=1-1-def-alt'] }],
  [['ENV A one two  three'], { Env: ['A=one two  three'] }],
  [['ENV A=1', 'ENV A=2'], { Env: ['A=2'] }],
  [['ENV A=1 B=$A'], { Env: ['A=1', 'B='] }],
  [['ENV A=a$'], { Env: ['A=a$'] }],
  [['ENV A=$1'], { Env: ['A='] }],
  [[String.raw`ENV A="a\"b" B='a\b' C="a\b"`], { Env: ['A=a"b', String.raw`B=a\b`, String.raw`C=a\b`] }],
  [['ENV A=a"b c"d'], { Env: ['A=ab cd'] }],
  [['LABEL a=b "c d"="e f"'], { Labels: { a: 'b', 'c d': 'e f' } }],
  [['LABEL a b c'], { Labels: { a: 'b c' } }],
  [['EXPOSE 80 443/tcp 53/udp'], { ExposedPorts: { '80/tcp': {}, '443/tcp': {}, '53/udp': {} } }],
  [['EXPOSE 8000-8002'], { ExposedPorts: { '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } }],
  [['EXPOSE 127.0.0.1:80:81'], { ExposedPorts: { '81/tcp': {} } }],
  [['ENV P=77', 'EXPOSE $P'], { Env: ['P=77'], ExposedPorts: { '77/tcp': {} } }],
  [['VOLUME /a /b'], { Volumes: { '/a': {}, '/b': {} } }],
  [['VOLUME ["/a b", "/c"]'], { Volumes: { '/a b': {}, '/c': {} } }],
  [['WORKDIR /a', 'WORKDIR b'], { WorkingDir: '/a/b' }],
  [['WORKDIR a b'], { WorkingDir: '/a b' }],
  [['USER me:grp'], { User: 'me:grp' }],
  [['STOPSIGNAL SIGTERM'], { StopSignal: 'SIGTERM' }],
  [['ONBUILD RUN echo hi  there', 'onbuild env  x=$y'], { OnBuild: ['RUN echo hi  there', 'env  x=$y'] }],
  [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
  [['HEALTHCHECK CMD curl x'], { Healthcheck: { Test: ['CMD-SHELL', 'curl x'] } }],
  [['HEALTHCHECK --interval=5s --timeout=1m30s --start-period=1h --retries=3 CMD ["curl","x"]'], { Healthcheck: { Test: ['CMD', 'curl', 'x'], Interval: 5e9, Timeout: 90e9, StartPeriod: 3600e9, Retries: 3 } }],
];

for (const [changes, result] of RESULTS) test(changes.join(' | '), () => { assert.deepEqual(applyChanges({}, changes), result); });

const REFUSED: readonly [change: string, message: string][] = [
  ['FOO bar', 'foo is not a valid change command'],
  ['RUN x', 'run is not a valid change command'],
  ['constructor x', 'constructor is not a valid change command'],
  ['', 'file with no instructions'],
  ['# only this', 'file with no instructions'],
  ['CMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
  ['CMD --foo x', 'Unknown flag: foo'],
  ['ENV A', 'ENV must have two arguments'],
  ['ENV =x', 'ENV names can not be blank'],
  ['ENV A=1 B', 'Syntax error - can\'t find = in "B". Must be of the form: name=value'],
  ['ENV A="x', 'failed to process "\\"x": unexpected end of statement while looking for matching double-quote'],
  ['ENV A=${', 'failed to process "${": syntax error: missing \'}\''],
  ['ENV A=${B:?x}', 'failed to process "${B:?x}": B: x'],
  ['LABEL a', 'LABEL must have two arguments'],
  ['EXPOSE', 'EXPOSE requires at least one argument'],
  ['EXPOSE foo', 'Invalid containerPort: foo'],
  ['EXPOSE 80/foo', 'Invalid proto: foo'],
  ['EXPOSE 99999', 'Invalid containerPort: 99999'],
  ['VOLUME', 'VOLUME requires at least one argument'],
  ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
  ['WORKDIR', 'WORKDIR requires exactly one argument'],
  ['STOPSIGNAL FOO', 'Invalid signal: FOO'],
  ['ONBUILD', 'ONBUILD requires at least one argument'],
  ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
  ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
  ['HEALTHCHECK FOO x', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK --interval=1us CMD x', 'Interval "interval" cannot be less than 1ms'],
  ['HEALTHCHECK --interval=foo CMD x', 'time: invalid duration "foo"'],
  ['HEALTHCHECK --interval CMD x', 'Missing a value on flag: interval'],
  ['HEALTHCHECK --foo=1 CMD x', 'Unknown flag: foo'],
  ['HEALTHCHECK --retries=0 CMD x', '--retries must be at least 1 (not 0)'],
  ['HEALTHCHECK --interval=5s --interval=6s CMD x', 'Duplicate flag specified: interval'],
];

for (const [change, message] of REFUSED) test(`refused: ${change}`, () => { assert.throws(() => applyChanges({}, [change]), { name: 'InvalidArgumentError', message }); });

test('the config that is changed stays as it was', () => {
  const before: ContainerConfig = { Env: ['A=1'], Labels: { a: '1' }, Cmd: ['x'] };
  const after = applyChanges(before, ['ENV A=2', 'LABEL b=2', 'ENTRYPOINT ["e"]']);
  assert.deepEqual(before, { Env: ['A=1'], Labels: { a: '1' }, Cmd: ['x'] });
  assert.deepEqual(after, { Env: ['A=2'], Labels: { a: '1', b: '2' }, Cmd: null, Entrypoint: ['e'] });
});
