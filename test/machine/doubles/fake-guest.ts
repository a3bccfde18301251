/**
 * Stands for sshd in the guest: ssh2's own server with the machine's real keys, which carries `direct-streamlocal` to a unix socket
 * on this host and runs commands by `sh`. It proves the agent's side only; what OpenSSH does is proved by the boots.
 */
import { spawn } from 'node:child_process';
import { connect, type AddressInfo } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

export interface FakeGuest {
  port: number;
  /** Connections that were accepted and authenticated so far. */
  readonly accepted: () => number;
  /** Cuts all ssh connections, as a guest that has lost its network. */
  cut: () => void;
  close: () => void;
}

export async function startFakeGuest(options: { hostKey: string; authorizedKey: string; engineSocket: string; port?: number }): Promise<FakeGuest> {
  const connections = new Set<Connection>();
  let accepted = 0;
  const authorized = ssh2.utils.parseKey(options.authorizedKey);
  if (authorized instanceof Error) throw authorized;
  const server = new ssh2.Server({ hostKeys: [options.hostKey], ident: 'fake' }, (client) => {
    connections.add(client);
    client.on('close', () => connections.delete(client));
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      const known = context.method === 'publickey' && context.key.data.equals(authorized.getPublicSSH());
      if (known && (context.signature === undefined || authorized.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo))) context.accept();
      else context.reject(['publickey']);
    });
    client.on('ready', () => { accepted += 1; });
    client.on('openssh.streamlocal' as 'tcpip', (accept, reject) => {
      const target = connect({ path: options.engineSocket, allowHalfOpen: true });
      target.on('error', () => { if (target.connecting) reject(); });
      target.once('connect', () => {
        const channel = accept();
        channel.on('error', () => undefined);
        target.pipe(channel, { end: false });
        // The server class closes a whole channel on `end`; a real sshd sends EOF and waits for the other side.
        target.on('end', () => { (channel as unknown as { eof: () => void }).eof(); });
        target.on('close', () => { channel.close(); });
        channel.pipe(target);
      });
      target.once('error', () => { reject(); });
    });
    client.on('session', (accept) => {
      const session = accept();
      let terminal = '';
      session.on('pty', (acceptPty, _reject, info) => {
        terminal = `${String(info.cols)}x${String(info.rows)}`;
        acceptPty();
      });
      session.on('window-change', (acceptChange, _reject, info) => {
        terminal = `${String(info.cols)}x${String(info.rows)}`;
        (acceptChange as (() => void) | undefined)?.();
      });
      const run = (command: string, channel: ServerChannel): void => {
        const child = spawn('sh', ['-c', command], { env: { ...process.env, TERMINAL: terminal } });
        channel.pipe(child.stdin);
        child.stdin.on('error', () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      };
      session.on('exec', (acceptExec, _reject, info) => { run(info.command, acceptExec()); });
      session.on('shell', (acceptShell) => { run('cat', acceptShell()); });
    });
  });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.listen(options.port ?? 0, '127.0.0.1', () => { resolve(undefined); });
  await promise;
  const cut = (): void => { for (const connection of connections) connection.end(); };
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}
