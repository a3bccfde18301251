import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from '../grammar/parse.ts';
import { CREATE_FLAGS } from './create-flags.ts';
import { attachmentOf, createRequest } from './create-request.ts';
import { parseMount } from './mount-specs.ts';
import { parsePorts } from './port-specs.ts';
import { parseBytes, parseCpus, parseDuration, parseUlimit } from './values.ts';

function request(line: string): ReturnType<typeof createRequest> {
  const { flags, args: [image = '', ...command] } = parse(CREATE_FLAGS, line.split(' '), true);
  return createRequest(flags, image, command, attachmentOf(flags, false), { env: { HOME_OF: 'x' } });
}

describe('values', () => {
  test('bytes', () => { assert.deepEqual(['1', '1k', '1.5g', '2GiB', '3 mb'].map(parseBytes), [1, 1024, 1.5 * 1024 ** 3, 2 * 1024 ** 3, 3 * 1024 ** 2]); });
  test('CPUs', () => { assert.deepEqual(['1', '0.5', '.25', '1.123456789'].map(parseCpus), [1e9, 5e8, 25e7, 1_123_456_789]); });
  test('durations', () => { assert.deepEqual(['0', '1s', '1m30s', '500ms', '1.5h', '-2s'].map(parseDuration), [0, 1e9, 90e9, 5e8, 5400e9, -2e9]); });
  test('limits', () => { assert.deepEqual([parseUlimit('nofile=1:2'), parseUlimit('core=-1')], [{ Name: 'nofile', Soft: 1, Hard: 2 }, { Name: 'core', Soft: -1, Hard: -1 }]); });
  for (const [read, text] of [[parseBytes, '1x'], [parseBytes, ''], [parseCpus, 'a'], [parseDuration, '1'], [parseDuration, ''], [parseUlimit, 'nofile'], [parseUlimit, 'nofile=3:2']] as const) test(`refuses ${JSON.stringify(text)}`, () => { assert.throws(() => read(text)); });
});

describe('ports', () => {
  const bindings = (spec: string): object => parsePorts([spec], []).bindings;
  test('forms', () => {
    assert.deepEqual(bindings('80'), { '80/tcp': [{ HostIp: '', HostPort: '' }] });
    assert.deepEqual(bindings('8080:80/udp'), { '80/udp': [{ HostIp: '', HostPort: '8080' }] });
    assert.deepEqual(bindings('127.0.0.1::80'), { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] });
    assert.deepEqual(bindings('[::1]:8080:80'), { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] });
    assert.deepEqual(bindings('90-91:80-81'), { '80/tcp': [{ HostIp: '', HostPort: '90' }], '81/tcp': [{ HostIp: '', HostPort: '91' }] });
    assert.deepEqual(bindings('8000-9000:80'), { '80/tcp': [{ HostIp: '', HostPort: '8000-9000' }] });
    assert.deepEqual(parsePorts([], ['80-81/udp']).exposed, { '80/udp': {}, '81/udp': {} });
  });
  for (const spec of ['x', '80:x', 'x:80', '80/icmp', '99999', '1-2:1-3', 'a:1:2', '']) test(`refuses ${JSON.stringify(spec)}`, () => { assert.throws(() => parsePorts([spec], [])); });
});

describe('mounts', () => {
  test('all keys', () => {
    assert.deepEqual(parseMount('type=bind,source=/a,target=/b,readonly'), { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true });
    assert.deepEqual(parseMount('src=v,dst=/v,volume-nocopy,volume-label=a=b'), { Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { NoCopy: true, Labels: { a: 'b' } } });
    assert.deepEqual(parseMount('type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777'), { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1777 } });
    assert.equal(parseMount('type=bind,"source=/a,b",target=/c').Source, '/a,b');
  });
  for (const text of ['', 'type=bind', 'target=/a,what=x', 'target', 'target=/a,ro=perhaps']) test(`refuses ${JSON.stringify(text)}`, () => { assert.throws(() => parseMount(text)); });
});

describe('the request', () => {
  test('of a plain run', () => {
    const made = request('busybox echo -n hi');
    assert.deepEqual([made.Image, made.Cmd, made.AttachStdin, made.AttachStdout, made.OpenStdin], ['busybox', ['echo', '-n', 'hi'], false, true, false]);
    assert.equal(made.HostConfig?.NetworkMode, 'default');
  });
  test('of many options', () => {
    const made = request('-it -e A=b -e HOME_OF -e GONE -l x -v /a:/b:ro -v /c --network net --network-alias al --restart on-failure:3 --device /dev/x:r -m 64m --no-healthcheck busybox');
    assert.deepEqual([made.Env, made.Labels, made.Volumes, made.HostConfig?.Binds], [['A=b', 'HOME_OF=x'], { x: '' }, { '/c': {} }, ['/a:/b:ro']]);
    assert.deepEqual(made.NetworkingConfig?.EndpointsConfig, { net: { Aliases: ['al'] } });
    assert.deepEqual([made.HostConfig?.RestartPolicy, made.HostConfig?.Memory, made.Healthcheck], [{ Name: 'on-failure', MaximumRetryCount: 3 }, 67_108_864, { Test: ['NONE'] }]);
    assert.deepEqual(made.HostConfig?.Devices, [{ PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'r' }]);
    assert.deepEqual([made.Tty, made.OpenStdin, made.StdinOnce], [true, true, true]);
  });
  for (const line of ['--rm --restart always busybox', '--no-healthcheck --health-cmd x busybox', '--env-file /nonexistent busybox', '--network a --network a busybox', '-i -a stdout busybox']) {
    test(`refuses ${line}`, () => { assert.throws(() => request(line)); });
  }
});
