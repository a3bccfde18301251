import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '../api/errors.ts';
import { machinePaths, strataHome } from './machine-paths.ts';

test('a machine lives under its home', () => {
  const paths = machinePaths({ home: '/h/.strata', name: 'default', platform: 'linux' });
  assert.equal(paths.controlSocket, '/h/.strata/machines/default/control.sock');
  assert.equal(paths.engineEndpoint, 'unix:///h/.strata/machines/default/engine.sock');
});

test('on windows the sockets are named pipes that differ per home', () => {
  const one = machinePaths({ home: 'C:\\Users\\a\\.strata', name: 'default', platform: 'win32' });
  const two = machinePaths({ home: 'C:\\Users\\b\\.strata', name: 'default', platform: 'win32' });
  assert.match(one.engineSocket, /^\\\\\.\\pipe\\strata-[0-9a-f]{8}-default-engine$/);
  assert.match(one.engineEndpoint, /^npipe:\/\/\/\/\.\/pipe\/strata-[0-9a-f]{8}-default-engine$/);
  assert.notEqual(one.engineSocket, two.engineSocket);
  assert.equal(one.dataDisk, 'C:\\Users\\a\\.strata\\machines\\default\\data.img');
});

test('a socket path that is too long is refused with the remedy', () => {
  const refused = (): unknown => machinePaths({ home: `/${'x'.repeat(90)}`, name: 'default', platform: 'linux' });
  assert.throws(refused, (error: unknown) => error instanceof InvalidArgumentError && /STRATA_HOME/.test(error.message));
  assert.doesNotThrow(() => machinePaths({ home: `C:\\${'x'.repeat(90)}`, name: 'default', platform: 'win32' }));
});

test('names that could leave the directory are refused', () => {
  for (const name of ['', '..', '.hidden', 'a/b', 'A', 'a b', 'x'.repeat(41), 'a\0']) {
    assert.throws(() => machinePaths({ home: '/h', name, platform: 'linux' }), InvalidArgumentError, name);
  }
});

test('STRATA_HOME moves the home', () => {
  assert.equal(strataHome({ STRATA_HOME: '/srv/s' }), '/srv/s');
  assert.match(strataHome({}), /\.strata$/);
});
