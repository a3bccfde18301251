import { connect, createServer } from 'node:net';

/**
 * Carries connections from a port of this network's loopback to a socket file, so that what the test serves can be reached from an
 * engine's network. Run as a program of its own: `PORT FILE`; writes `listening` when it is there.
 */
const [port = '', file = ''] = process.argv.slice(2);

createServer((near) => {
  const far = connect(file);
  near.on('error', () => { far.destroy(); });
  far.on('error', () => { near.destroy(); });
  near.pipe(far).pipe(near);
}).listen(Number(port), '127.0.0.1', () => { process.stdout.write('listening\n'); });
