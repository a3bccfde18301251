import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exec } from '../../src/base/exec.ts';
import { ENGINE_TOOLS } from '../fixtures/engine.ts';
import { HttpApi } from '../fixtures/http.ts';
import { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { Program } from '../fixtures/program.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STRATA = `${ROOT}bin/strata`;
const STRATAD = `${ROOT}bin/stratad`;

/** Stands for the service manager: Node has no datagram sockets with paths. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening')
while True: print(s.recv(4096).decode())
`;

/** The engine under systemd, as far as it goes without systemd as the first process: units that it accepts, sockets that it passes, words that it is told. */
describe('the Linux service', { skip: missing({ root: true, tools: [...ENGINE_TOOLS, 'systemd-analyze', 'systemd-socket-activate', 'python3'], filesystems: ['overlay'] }), concurrency: false, timeout: 180_000 }, () => {
  test('install-service writes units that systemd takes; remove-service takes them away', async () => {
    await using scratch = await Scratch.create('unit');
    const args = ['system', 'install-service', '--unit-dir', scratch.path];
    const { stdout, stderr } = await exec(STRATA, args);
    assert.equal(stdout, `${scratch.file('strata.socket')}\n${scratch.file('strata.service')}\n`);
    assert.match(stderr, /sudo systemctl enable --now strata\.socket strata\.service/);
    assert.match(await readFile(scratch.file('strata.service'), 'utf8'), new RegExp(`^ExecStart=${STRATAD} --host fd://$`, 'm'));
    const verified = await exec('systemd-analyze', ['verify', scratch.file('strata.service'), scratch.file('strata.socket')]);
    assert.doesNotMatch(verified.stderr, /strata\.(service|socket)/);
    await exec(STRATA, args);
    assert.equal((await exec(STRATA, ['system', 'remove-service', '--unit-dir', scratch.path])).stdout, stdout);
    assert.equal((await exec(STRATA, ['system', 'remove-service', '--unit-dir', scratch.path])).stdout, '');
  });

  test('a client of the socket starts the engine, which takes the socket over, tells its state and leaves the socket when it ends', async () => {
    await using scratch = await Scratch.create('svc');
    await using network = await NetworkNamespace.create();
    const socketPath = scratch.file('engine.sock');
    await using manager = new Program(['python3', '-u', '-c', LISTENER, scratch.file('notify')]);
    await waitUntil('somebody listens to the engine', () => manager.output.includes('listening'));
    const engine = [STRATAD, '--host', 'fd://', '--data-root', scratch.file('data'), '--exec-root', scratch.file('exec')];
    await using program = new Program(
      network.enter(['systemd-socket-activate', '--listen', socketPath, '--setenv', `NOTIFY_SOCKET=${scratch.file('notify')}`, '--setenv', `PATH=${process.env['PATH'] ?? ''}`, ...engine]),
    );
    await waitUntil('the socket is there', async () => stat(socketPath).then(() => true, () => false));
    const api = new HttpApi(socketPath);
    assert.equal((await api.get('/_ping', { timeoutMs: 60_000 })).text, 'OK');
    await waitUntil('the engine says that it is ready', () => manager.output.includes('READY=1'));
    program.kill('SIGTERM');
    assert.equal((await program.exited).code, 0, program.tail());
    await waitUntil('the engine says that it ends', () => manager.output.includes('STOPPING=1'));
    assert.ok((await stat(socketPath)).isSocket(), 'the socket is its manager’s');
  });

  test('TCP that a manager passes is refused, and fd:// without a manager', async () => {
    await using scratch = await Scratch.create('svc');
    await using network = await NetworkNamespace.create();
    const engine = [STRATAD, '--host', 'fd://', '--data-root', scratch.file('data'), '--exec-root', scratch.file('exec')];
    await using plain = new Program(network.enter(engine));
    assert.equal((await plain.exited).code, 1);
    assert.match(plain.output, /no sockets were passed by a service manager/);
    await using tcp = new Program(network.enter(['systemd-socket-activate', '--listen', '127.0.0.1:23750', '--setenv', `PATH=${process.env['PATH'] ?? ''}`, ...engine]));
    await waitUntil('the port is open', () => network.run(['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/23750']).then(() => true));
    assert.equal((await tcp.exited).code, 1);
    assert.match(tcp.output, /refusing to listen on the socket of 127\.0\.0\.1:23750/);
  });
});
