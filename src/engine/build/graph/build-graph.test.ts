import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { DockerfileError } from '../dockerfile/dockerfile-error.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { parseStages } from '../instructions/parse-stages.ts';
import { buildGraph, type BuildGraph, type GraphInput, type GraphResult, type GraphStage } from './build-graph.ts';
import { type BaseImage, type BuildOptions, sourceKey } from './build-options.ts';
import { parseExposed } from './exposed-ports.ts';
import { parseGitSource } from './git-source.ts';
import { listTargets, outline } from './outline.ts';
import { configAfter } from './stage-config.ts';
import { inputsOf, stepKey } from './step-key.ts';
import type { RunOp, Step, TransferOp } from './step.ts';
import { resolvePath } from './transfer-op.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const image = (name: string, location: string): string => sourceKey({ kind: 'image', name, location, platform: AMD64 });
const known = (images: Record<string, BaseImage>): Map<string, BaseImage> => new Map(Object.entries(images).map(([name, base]) => [image(name, `docker.io/library/${name}:latest`), base]));

type Settings = Partial<Omit<BuildOptions, 'arguments' | 'contexts'>> & { arguments?: Record<string, string>; contexts?: Record<string, string>; images?: Record<string, BaseImage> };

function result(text: string, { arguments: given = {}, contexts = {}, images = {}, ...options }: Settings = {}): GraphResult {
  const parsed = parseDockerfile(text);
  const input: GraphInput = { parsed, stages: parseStages(parsed), options: { buildPlatform: AMD64, ...options, arguments: new Map(Object.entries(given)), contexts: new Map(Object.entries(contexts)) }, known: known(images) };
  return buildGraph(input);
}

function graphOf(text: string, settings?: Settings): BuildGraph {
  const made = result(text, settings);
  return made.kind === 'graph' ? made.graph : assert.fail('it needs more images');
}

const target = (text: string, settings?: Settings): GraphStage => graphOf(text, settings).target;
const steps = (text: string, settings?: Settings): readonly Step[] => target(text, settings).steps;
const last = (text: string, settings?: Settings): Step => steps(text, settings).at(-1) ?? assert.fail();

function run(text: string, settings?: Settings): RunOp {
  const { op } = last(text, settings);
  return op.kind === 'run' ? op : assert.fail(op.kind);
}

function transfer(text: string, settings?: Settings): TransferOp {
  const { op } = last(text, settings);
  return op.kind === 'transfer' ? op : assert.fail(op.kind);
}

function refusal(text: string, settings?: Settings): [message: string, line: number | undefined] {
  try {
    result(text, settings);
  } catch (error) {
    if (error instanceof DockerfileError) return [error.message, error.ranges[0]?.start];
    if (error instanceof InvalidArgumentError) return [error.message, undefined];
    throw error;
  }
  return assert.fail('it is taken');
}

describe('stages', () => {
  const text = 'FROM scratch AS a\nRUN a\nFROM scratch AS unused\nRUN never\nFROM scratch AS b\nRUN b\nFROM a AS c\nCOPY --from=b / /b\nFROM scratch AS later';
  test('only those that the target needs, each after what it needs', () => {
    assert.deepEqual(graphOf(text, { target: 'c' }).stages.map(({ label }) => label), ['a', 'b', 'c']);
    assert.deepEqual(graphOf(text, { target: 'A' }).stages.map(({ index }) => index), [0]);
    assert.deepEqual(graphOf(text).stages.map(({ label }) => label), ['later']);
  });
  test('by name, by number, through mounts', () => {
    assert.deepEqual(graphOf('FROM scratch AS a\nFROM scratch\nFROM scratch\nCOPY --from=1 / /\nRUN --mount=from=a,target=/m x').stages.map(({ index }) => index), [0, 1, 2]);
  });
  test('a name that is no stage is an image', () => {
    const { input } = transfer('FROM scratch\nCOPY --from=busybox:1 /bin /bin');
    assert.deepEqual(input, { kind: 'source', source: { kind: 'image', name: 'busybox:1', location: 'docker.io/library/busybox:1', platform: AMD64 } });
  });
  test('of stages with one name the nearest above counts', () => {
    assert.deepEqual(transfer('FROM scratch AS a\nFROM scratch AS a\nFROM a\nCOPY --from=a / /').input, { kind: 'stage', index: 1 });
  });
  test('what cannot be', () => {
    assert.deepEqual(refusal('FROM scratch AS a\nCOPY --from=a / /'), ['circular dependency detected on stage: a', 2]);
    assert.deepEqual(refusal('FROM scratch AS a\nCOPY --from=b / /\nFROM scratch AS b\nFROM a'), ['cannot copy from stage "b", it needs to be defined before current stage "a"', 2]);
    assert.deepEqual(refusal('FROM scratch\nCOPY --from=7 / /'), ['invalid stage index 7', 2]);
    assert.deepEqual(refusal('FROM scratch\nARG x=a\nCOPY --from=$x / /'), ['variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround', 3]);
    assert.deepEqual(refusal('FROM scratch AS builder', { target: 'bulider' }), ['target stage "bulider" could not be found (did you mean builder?)', undefined]);
    assert.deepEqual(refusal('ARG x\nFROM $x'), ['base name ($x) should not be blank', 2]);
    assert.deepEqual(refusal('FROM --platform=$BULIDPLATFORM scratch'), ['empty platform value from expression $BULIDPLATFORM (did you mean BUILDPLATFORM?)', 1]);
  });
  test('names for progress', () => {
    assert.deepEqual(steps('FROM scratch\nRUN a\nENV x=y\nWORKDIR /w\nWORKDIR /\nCOPY a b').map(({ name }) => name), ['[1/3] RUN a', undefined, '[2/3] WORKDIR /w', undefined, '[3/3] COPY a b']);
    assert.deepEqual(steps('FROM scratch AS x\nFROM busybox AS y\nrun <<E\necho hi\nmore\nE', { images: { busybox: { config: {} } } }).map(({ name }) => name), ['[y 2/2] RUN <<E (echo hi...)']);
  });
});

describe('bases', () => {
  test('the configs of images that stages begin with are asked for first', () => {
    const text = 'FROM busybox AS a\nFROM debian AS unused\nFROM a\nCOPY --from=alpine / /';
    const asked = result(text);
    assert.deepEqual(asked.kind === 'needs' ? asked.sources.map(({ location }) => location) : [], ['docker.io/library/busybox:latest']);
    assert.equal(result(text, { images: { busybox: { config: {} } } }).kind, 'graph');
  });
  test('a stage has what its base has', () => {
    const base: BaseImage = { config: { Env: ['A=1', 'PATH=/x'], Cmd: ['sh'], WorkingDir: '/w', User: 'u', Labels: { a: 'b' }, Shell: ['/bin/bash', '-c'], ExposedPorts: { '1/tcp': {} } }, author: 'me' };
    const made = target('FROM busybox\nRUN echo $A\nWORKDIR sub\nENV A=2 B=$A', { images: { busybox: base } });
    assert.deepEqual(made.config, { ...base.config, Env: ['A=2', 'PATH=/x', 'B=1'], WorkingDir: '/w/sub', OnBuild: null });
    assert.deepEqual([made.author, made.steps[0]?.workingDirectory, made.steps[0]?.user, made.steps[0]?.op.kind === 'run' && made.steps[0].op.command], ['me', '/w', 'u', ['/bin/bash', '-c', 'echo $A']]);
    assert.deepEqual(target('FROM scratch').config.Env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  });
  test('triggers of an image come first and may need more', () => {
    const images = { busybox: { config: { OnBuild: ['COPY --from=tools /t /t', 'RUN a'] } } };
    const graph = graphOf('FROM scratch AS tools\nFROM busybox\nRUN b', { images });
    assert.deepEqual(graph.stages.map(({ index }) => index), [0, 1]);
    assert.deepEqual(graph.target.steps.map(({ source, isTrigger, range, name }) => [source, isTrigger, range.start, name]), [
      ['COPY --from=tools /t /t', true, 2, '[stage-1 2/4] ONBUILD COPY --from=tools /t /t'], ['RUN a', true, 2, '[stage-1 3/4] ONBUILD RUN a'], ['RUN b', false, 3, '[stage-1 4/4] RUN b']]);
    assert.equal(graph.target.config.OnBuild, null);
  });
  test('triggers of a stage run in the stage that begins with it, once', () => {
    const text = 'FROM scratch AS a\nONBUILD ENV X=1\nFROM a AS b\nFROM b AS c';
    assert.deepEqual(target(text, { target: 'a' }).config.OnBuild, ['ENV X=1']);
    assert.deepEqual(['b', 'c'].map((name) => [target(text, { target: name }).steps.length, target(text, { target: name }).config.OnBuild]), [[1, null], [0, null]]);
  });
  test('wrong triggers', () => {
    const broken = (trigger: string): unknown => refusal('FROM busybox', { images: { busybox: { config: { OnBuild: [trigger] } } } });
    assert.deepEqual(broken('FROM x'), ["FROM isn't allowed as an ONBUILD trigger", 1]);
    assert.deepEqual(broken('RUN a\nRUN b'), ['onbuild trigger should be a single expression', 1]);
    assert.deepEqual(broken('BAD'), ['unknown instruction: BAD (did you mean ADD?)', 1]);
  });
  test('named contexts stand in for stages, images and sources', () => {
    const contexts = { base: 'docker-image://other', busybox: 'https://x/y.git', 'alpine::linux/amd64': 'local:alpine', scratch: 'local:no' };
    const asked = result('FROM scratch AS base\nRUN never\nFROM base\nCOPY --from=alpine / /', { contexts });
    assert.deepEqual(asked.kind === 'needs' && asked.sources, [{ kind: 'context', name: 'base', location: 'docker-image://other', platform: AMD64 }]);
    const from = result('FROM docker.io/library/busybox:latest', { contexts });
    assert.deepEqual(from.kind === 'needs' && from.sources.map(({ location }) => location), ['https://x/y.git']);
    const { input } = transfer('FROM scratch\nCOPY --from=alpine / /', { contexts });
    assert.equal(input.kind === 'source' && input.source.location, 'local:alpine');
  });
  test('platforms', () => {
    const arm = { os: 'linux', architecture: 'arm64' };
    const text = 'FROM --platform=$BUILDPLATFORM scratch AS a\nARG TARGETARCH BUILDARCH TARGETPLATFORM\nENV T=$TARGETARCH B=$BUILDARCH P=$TARGETPLATFORM\nFROM a AS b\nFROM scratch AS c';
    assert.deepEqual(target(text, { target: 'a', targetPlatform: arm }).config.Env?.slice(1), ['T=arm64', 'B=amd64', 'P=linux/arm64']);
    assert.deepEqual(['a', 'b', 'c'].map((name) => target(text, { target: name, targetPlatform: arm }).platform.architecture), ['amd64', 'amd64', 'arm64']);
  });
});

describe('arguments', () => {
  const env = (text: string, settings?: Settings): unknown => target(text, settings).config.Env?.slice(1);
  test('of the file and of a stage', () => {
    const text = 'ARG V=1 W=${V}x\nFROM scratch AS a\nENV A=$V\nARG V\nENV B=$V C=$W\nARG V=3\nENV D=$V';
    assert.deepEqual(env(text), ['A=', 'B=1', 'C=', 'D=3']);
    assert.deepEqual(env(text, { arguments: { V: '9' } }), ['A=', 'B=9', 'C=', 'D=9']);
  });
  test('stages that begin with another have its arguments', () => { assert.deepEqual([env('FROM scratch AS a\nARG X=1\nFROM a\nENV Y=$X'), env('FROM scratch AS a\nARG X=1\nFROM scratch\nENV Y=$X')], [['Y=1'], ['Y=']]); });
  test('what an image sets hides an argument', () => {
    assert.deepEqual(env('FROM scratch\nENV A=env\nARG A=arg\nENV B=$A'), ['A=env', 'B=env']);
    assert.deepEqual(last('FROM scratch\nENV A=env\nARG A=arg B=2 C\nRUN x').scope.arguments(), ['B=2']);
  });
  test('values are those at the beginning of an instruction', () => { assert.deepEqual(env('FROM scratch\nENV a=hello\nENV a=bye b=$a\nENV c=$a'), ['a=bye', 'b=hello', 'c=bye']); });
  test('predefined ones', () => {
    const graph = graphOf('FROM scratch AS x\nARG TARGETSTAGE\nRUN echo', { arguments: { HTTP_PROXY: 'p', no_proxy: 'q', OTHER: 'o' } });
    assert.deepEqual(graph.proxyEnvironment, ['HTTP_PROXY=p', 'no_proxy=q']);
    assert.deepEqual([graph.target.steps[1]?.scope.arguments(), graph.target.steps[1]?.createdBy], [['TARGETSTAGE=x'], 'RUN |1 TARGETSTAGE=x /bin/sh -c echo # buildkit']);
  });
  test('errors have their place', () => { assert.deepEqual(refusal('FROM scratch\nENV A=${B:?none}'), ['failed to process "${B:?none}": B: none', 2]); });
});

describe('what steps do', () => {
  test('RUN: shells, lists, documents', () => {
    assert.deepEqual(run('FROM scratch\nSHELL ["/s", "-x"]\nRUN a  b').command, ['/s', '-x', 'a  b']);
    assert.deepEqual(run('FROM scratch\nRUN ["a", "$b"]').command, ['a', '$b']);
    assert.deepEqual(run('FROM scratch\nRUN <<E\na\nb\nE').command, ['/bin/sh', '-c', 'a\nb\n']);
    const script = run('FROM scratch\nRUN <<-E\n\t#!/usr/bin/env python\n\tprint()\n\tE');
    assert.deepEqual([script.command, script.script], [['/bin/sh', '-c', '/dev/pipes/E'], { name: 'E', data: '#!/usr/bin/env python\nprint()\n' }]);
    assert.deepEqual(run('FROM scratch\nRUN cat <<A - <<B\n1\nA\n2\nB').command, ['/bin/sh', '-c', 'cat <<A - <<B\n1\nA\n2\nB']);
  });
  test('RUN: mounts', () => {
    const { mounts } = run('FROM scratch\nWORKDIR /w\nARG id=i\nRUN --mount=type=cache,id=$id,target=c --mount=type=secret,id=s --mount=type=secret,id=t,env=T --mount=type=ssh --mount=type=tmpfs,target=/t --mount=source=src,target=/b x');
    assert.deepEqual(mounts.map(({ kind, input, source, target: place, id, readOnly, variable }) => [kind, input?.kind, source, place, id, readOnly, variable]), [
      ['cache', undefined, '/', '/w/c', 'i', false, ''], ['secret', undefined, '/', '/run/secrets/s', 's', true, ''], ['secret', undefined, '/', '', 't', true, 'T'], ['ssh', undefined, '/', '', 'default', true, ''], ['tmpfs', undefined, '/', '/t', '', false, ''], ['bind', 'context', '/src', '/b', '', true, '']]);
    assert.deepEqual(refusal('FROM scratch\nRUN --mount=type=cache,target=/ x'), ['invalid mount target "/"', 2]);
    assert.deepEqual(refusal('FROM scratch\nRUN --mount=type=bnid,target=/x x'), ['unsupported mount type "bnid" (did you mean bind?)', 2]);
  });
  test('COPY: paths, owners, modes, parents, documents', () => {
    const op = transfer('FROM scratch\nWORKDIR /w\nARG o=1:2 m=u+x\nCOPY --chown=$o --chmod=$m --link --exclude=*.o a ./b/../c/* dir/');
    assert.deepEqual([op.destination, op.chown, op.chmod, op.link, op.exclude, op.sources.map((source) => source.kind === 'path' && source.path)], ['/w/dir/', '1:2', 'u+x', true, ['*.o'], ['/a', '/c/*']]);
    assert.deepEqual(transfer('FROM scratch\nCOPY --parents a/./b/*.c d/e /x/').sources, [{ kind: 'path', path: '/a', pattern: 'b/*.c', isRequired: false, unpack: false }, { kind: 'path', path: '/', pattern: 'd/e', isRequired: true, unpack: false }]);
    assert.deepEqual(transfer('FROM scratch\nENV A=1\nCOPY <<X <<"Y" /d/\n$A "q" \\$A\nX\n$A\nY').sources, [{ kind: 'file', name: 'X', data: '1 "q" $A\n' }, { kind: 'file', name: 'Y', data: '$A\n' }]);
    assert.deepEqual(['8', '77777', 'u!x', '0x1'].map((mode) => refusal(`FROM scratch\nCOPY --chmod=${mode} a b`)[0].slice(0, 24)), Array<string>(4).fill('invalid chmod parameter:'));
    assert.deepEqual(['https://x/y', 'git://x/y'].map((source) => refusal(`FROM scratch\nCOPY ${source} b`)[0]), ["source can't be a URL for COPY", "source can't be a git ref for COPY"]);
  });
  test('ADD: archives, addresses, repositories', () => {
    const sum = `sha256:${'a'.repeat(64)}`;
    assert.deepEqual(transfer('FROM scratch\nADD a.tar /').sources, [{ kind: 'path', path: '/a.tar', pattern: undefined, isRequired: true, unpack: true }]);
    assert.deepEqual(transfer(`FROM scratch\nADD --checksum=${sum} --unpack https://x/d/f%20g.tgz?q=1 /`).sources, [{ kind: 'url', url: 'https://x/d/f%20g.tgz?q=1', fileName: 'f g.tgz', checksum: sum, unpack: true }]);
    assert.deepEqual(transfer('FROM scratch\nADD --keep-git-dir https://x/y.git#v1:sub /').sources, [{ kind: 'git', remote: 'https://x/y.git', ref: 'v1', subdirectory: 'sub', checksum: '', keepGitDir: true, submodules: true }]);
    assert.deepEqual(refusal('FROM scratch\nADD --checksum=sha256:x https://x/y /')[0], 'invalid checksum digest format');
    assert.deepEqual(refusal(`FROM scratch\nADD --checksum=${sum} a /`)[0], 'checksum requires HTTP(S) or Git sources');
    assert.deepEqual(refusal(`FROM scratch\nADD --checksum=${sum} https://a/b https://c/d /`)[0], "checksum can't be specified for multiple sources");
  });
  test('the config and its history', () => {
    const made = target('FROM scratch\nMAINTAINER me\nCMD a\nENTRYPOINT ["e"]\nENTRYPOINT x\nLABEL a=b "c d"=e\nEXPOSE 80 53/udp\nVOLUME /v\nUSER u\nSTOPSIGNAL SIGTERM\nHEALTHCHECK --interval=90s CMD x\nONBUILD RUN y\nSHELL ["s"]\nCMD z', { labels: { l: '1' } });
    assert.deepEqual(made.config, {
      Cmd: ['s', 'z'], Entrypoint: ['/bin/sh', '-c', 'x'], Labels: { a: 'b', 'c d': 'e', l: '1' }, ExposedPorts: { '53/udp': {}, '80/tcp': {} }, Volumes: { '/v': {} }, User: 'u', StopSignal: 'SIGTERM', Shell: ['s'],
      Healthcheck: { Test: ['CMD-SHELL', 'x'], Interval: 90e9 }, OnBuild: ['RUN y'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] });
    assert.deepEqual(made.steps.map(({ createdBy }) => createdBy).slice(0, 10), ['MAINTAINER me', 'CMD ["/bin/sh" "-c" "a"]', 'ENTRYPOINT ["e"]', 'ENTRYPOINT ["/bin/sh" "-c" "x"]', 'LABEL a=b c d=e', 'EXPOSE [53/udp 80/tcp]', 'VOLUME [/v]', 'USER u', 'STOPSIGNAL SIGTERM', 'HEALTHCHECK {Test:[CMD-SHELL x] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}']);
    assert.equal(made.author, 'me');
  });
  test('an entrypoint drops the command of the base, not the stage\'s own', () => {
    const images = { busybox: { config: { Cmd: ['sh'] } } };
    assert.equal(target('FROM busybox\nENTRYPOINT ["e"]', { images }).config.Cmd, null);
    assert.deepEqual(target('FROM busybox\nCMD ["c"]\nENTRYPOINT ["e"]', { images }).config.Cmd, ['c']);
  });
  test('the config after each step adds up to the last', () => {
    const made = target('FROM scratch\nENV A=1\nLABEL a=b\nCMD ["c"]\nEXPOSE 1\nENV A=2 B=$A');
    let config = configAfter({ Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] }, { kind: 'env', pairs: [] });
    for (const { change } of made.steps) if (change !== undefined) config = configAfter(config, change);
    assert.deepEqual(config, made.config);
  });
  test('refused values', () => {
    const wrong: [line: string, message: string][] = [['EXPOSE x', 'invalid containerPort: x'], ['EXPOSE 80/xyz', 'invalid port: "80/xyz": invalid proto: xyz'], ['EXPOSE 70000', 'invalid containerPort: 70000'], ['STOPSIGNAL NONE', 'invalid signal: NONE'], ['VOLUME $nothing', 'VOLUME specified can not be an empty string']];
    for (const [line, message] of wrong) assert.deepEqual(refusal(`FROM scratch\n${line}`), [message, 2]);
  });
});

describe('keys', () => {
  const key = (text: string, settings?: Settings): string => steps(text, settings).reduce((parent, step) => stepKey(parent, step, inputsOf(step).map((input) => JSON.stringify(input.kind))), 'base');
  const base = key('FROM scratch\nRUN a');
  test('place, comments, names and labels do not count', () => {
    for (const text of ['# x\n\nFROM scratch AS name\n\nrun a', 'FROM scratch\nLABEL a=b\nRUN a\nCMD x', 'FROM scratch\nRUN \\\n a']) assert.equal(key(text), base, text);
  });
  test('what a command sees counts', () => {
    for (const text of ['FROM scratch\nRUN b', 'FROM scratch\nENV A=1\nRUN a', 'FROM scratch\nARG A=1\nRUN a', 'FROM scratch\nUSER u\nRUN a', 'FROM scratch\nSHELL ["x"]\nRUN a', 'FROM scratch\nRUN --network=none a', 'FROM scratch\nRUN --mount=type=cache,target=/c a', 'FROM scratch\nRUN ["a"]']) assert.notEqual(key(text), base, text);
    assert.notEqual(key('FROM scratch\nARG A\nRUN a', { arguments: { A: '1' } }), key('FROM scratch\nARG A\nRUN a', { arguments: { A: '2' } }));
    assert.equal(key('FROM scratch\nRUN a', { arguments: { HTTP_PROXY: '1' } }), base);
  });
  test('variables do not count where they are not used', () => {
    assert.equal(key('FROM scratch\nENV A=1\nCOPY a b'), key('FROM scratch\nCOPY a b'));
    assert.equal(key('FROM scratch\nENV A=b\nCOPY a $A'), key('FROM scratch\nCOPY a b'));
    assert.notEqual(key('FROM scratch\nCOPY a c'), key('FROM scratch\nCOPY a b'));
  });
  test('inputs count', () => {
    const step = last('FROM scratch\nCOPY a b');
    assert.notEqual(stepKey('base', step, ['1']), stepKey('base', step, ['2']));
    assert.deepEqual(inputsOf(step), [{ kind: 'context' }]);
    assert.deepEqual(inputsOf(last('FROM scratch\nADD https://x/y b')), []);
  });
});

test('repositories', () => {
  const git = (text: string): unknown => parseGitSource(text);
  assert.deepEqual(git('git@host.x:a/b.git?branch=main&subdir=s&keep-git-dir=0'), { kind: 'git', remote: 'git@host.x:a/b.git', ref: 'refs/heads/main', subdirectory: 's', checksum: '', keepGitDir: false, submodules: true });
  assert.deepEqual(git('https://x/y.git?commit=abc&submodules=false'), { kind: 'git', remote: 'https://x/y.git', ref: 'abc', subdirectory: '', checksum: 'abc', keepGitDir: undefined, submodules: false });
  for (const text of ['https://x/y', './a.git', 'a.git', 'github.com/x/y', 'a@b']) assert.equal(git(text), undefined, text);
  for (const query of ['ref=', 'ref=a&ref=b', 'what=x', 'tag=a&branch=b', 'submodules=perhaps']) assert.throws(() => git(`https://x/y.git?${query}`), { name: 'InvalidArgumentError' });
});

test('ports', () => {
  assert.deepEqual(parseExposed('127.0.0.1:8000-8001:80-81/udp').ports, ['80/udp', '81/udp']);
  for (const text of ['', '/tcp', '1-2-3', '2-1', 'x:80', '1.2.3:1:1', '1-2:1-3', '65536']) assert.throws(() => parseExposed(text), { name: 'InvalidArgumentError' }, text);
});

test('paths of destinations', () => { assert.deepEqual(['a', 'a/', '.', './', '', '/x/../y', '/', '../..'].map((path) => resolvePath('/w', path)), ['/w/a', '/w/a/', '/w/', '/w/', '/w/', '/y', '/', '/']); });

test('what a Dockerfile offers and takes', () => {
  const text = '# V is the version\nARG V=1\n# build makes it\nFROM scratch AS build\nARG V\nRUN --mount=type=secret,id=s,required x\nRUN --mount=type=ssh y\nFROM --platform=$BUILDPLATFORM scratch AS other\nARG NO\nFROM build';
  const stages = parseStages(parseDockerfile(text));
  assert.deepEqual(listTargets(stages).map(({ name, description, isDefault, base, platform, range }) => [name, description, isDefault, base, platform, range.start]), [['build', 'makes it', false, 'scratch', '', 4], ['other', '', false, 'scratch', '$BUILDPLATFORM', 8], ['', '', true, 'build', '', 10]]);
  const found = outline(graphOf(text, { target: 'build' }), stages);
  assert.deepEqual([found.name, found.description, found.arguments, found.secrets, found.agents], ['build', 'makes it',
    [{ name: 'V', value: '1', description: 'is the version', range: { start: 2, end: 2 } }], [{ name: 's', isRequired: true, range: { start: 6, end: 6 } }], [{ name: 'default', isRequired: false, range: { start: 7, end: 7 } }]]);
});

describe('hostile Dockerfiles', () => {
  const many = (count: number, line: (index: number) => string): string => `FROM scratch\n${Array.from({ length: count }, (_, index) => line(index)).join('\n')}`;
  test('a hundred thousand instructions', () => {
    const made = target(many(100_000, (index) => ['ENV A=$A', 'RUN a', 'COPY $A b', 'LABEL a=b', 'ARG B=1', 'WORKDIR /a', 'EXPOSE 1', 'USER u'][index % 8] ?? ''));
    assert.equal(made.steps.length, 100_000);
    let key = '';
    for (const step of made.steps) key = stepKey(key, step, inputsOf(step).map(() => ''));
    assert.match(key, /^[0-9a-f]{64}$/);
  });
  test('variables that grow, in arguments and in the environment', () => {
    assert.match(refusal(`ARG a=xxxxxxxxxxxxxxxx\n${Array.from({ length: 60 }, () => 'ARG a=$a$a').join('\n')}\nFROM scratch`)[0], /grow to more than 64 MiB/);
    assert.match(refusal(many(60, () => 'ENV a=x$a$a'))[0], /grow to more than 64 MiB/);
    assert.deepEqual(target('ARG a=$a\nFROM scratch\nARG a\nENV b=[$a]').config.Env?.slice(1), ['b=[]']);
  });
  test('more variables, ports, stages and triggers than anybody needs', () => {
    assert.match(refusal(many(10_001, (index) => `ENV A${String(index)}=1`))[0], /more than 10000 variables/);
    assert.match(refusal(`FROM scratch\nEXPOSE ${'1-65535 '.repeat(20_000)}`)[0], /grow to more than/);
    assert.match(refusal('FROM scratch\n'.repeat(1001))[0], /1001 stages are more than 1000/);
    const onbuild = `FROM scratch AS a\n${'ONBUILD RUN 0123456789012345678901234567890123456789\n'.repeat(5000)}${'FROM a\n'.repeat(900)}`;
    assert.equal(target(onbuild).steps.length, 5000);
  });
  test('lines of ten million characters', () => {
    const long = 'x'.repeat(10_000_000);
    assert.equal(run(`FROM scratch\nRUN ${long}`).command[2]?.length, 10_000_000);
    assert.ok((last(`FROM scratch\nRUN ${long}`).name?.length ?? 0) < 3000);
    assert.equal(transfer(`FROM scratch\nCOPY ${'a '.repeat(1_000_000)}/d/`).sources.length, 1_000_000);
    assert.match(refusal(`FROM scratch\n${long}`)[0].slice(0, 80), /unknown instruction: xxx/);
    assert.match(refusal(`FROM ${long}`)[0].slice(0, 80), /failed to parse stage name/);
  });
});
