// What a test written with testcontainers does. Arguments: the engine's socket, a file beside node_modules. Says `session complete` at the end.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { GenericContainer, Network, Wait } = createRequire(process.argv[3])('testcontainers');

const network = await new Network().start();
const container = await new GenericContainer('busybox')
  .withCommand(['sh', '-c', 'mkdir -p /www; cp /etc/note /www/; echo ready; exec httpd -f -p 8080 -h /www'])
  .withExposedPorts(8080).withNetwork(network).withNetworkAliases('site').withCopyContentToContainer([{ content: 'a note\n', target: '/etc/note' }])
  .withEnvironment({ A: 'b' }).withWaitStrategy(Wait.forLogMessage('ready')).start();
assert.ok(container.getMappedPort(8080) > 0);
const { output, exitCode } = await container.exec(['sh', '-c', 'echo $A; wget -q -O - http://127.0.0.1:8080/note']);
assert.deepEqual([exitCode, output], [0, 'b\na note\n']);
await container.restart();
await container.stop();
await network.stop();
console.log('session complete');
