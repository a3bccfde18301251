import { readFileSync } from 'node:fs';
import { messageOf } from '../api/errors.ts';
import { createLogger } from '../base/log.ts';
import { loadConfig, type EngineConfig, type ListenAddress } from './config.ts';
import { Engine } from './engine.ts';
import { takeServiceManager } from './linux/service-manager.ts';

/** stratad: parses the command line, runs the engine until a signal ends it. */
const argv = process.argv.slice(2);

if (argv.includes('--help') || argv.includes('-h')) {
  process.stdout.write(`Usage: stratad [options]

  --data-root DIR           where images, containers and volumes are kept (default /var/lib/strata/engine)
  --exec-root DIR           where what runs is kept (default /run/strata/exec)
  -H, --host ADDRESS        unix:///path, tcp://address:port (TLS only) or fd:// (sockets of
                            systemd); may be repeated (default unix:///run/strata/engine.sock)
  --config-file FILE        daemon.json (default /etc/strata/daemon.json, if it is there)
  --bip CIDR                address of the default bridge, 172.17.0.1/16
  --registry-mirror URL     may be repeated
  --insecure-registry HOST  may be repeated
  --runtime crun|runc       the OCI runtime (default: the first that works)
  --live-restore            containers go on when the engine is stopped
  --tlscacert, --tlscert, --tlskey FILE
  -D, --debug, --log-level debug|info|warn|error
`);
  process.exit(0);
}

let config: EngineConfig;
try {
  config = loadConfig(argv);
} catch (error) {
  process.stderr.write(`stratad: ${messageOf(error)}\n`);
  process.exit(1);
}
const log = createLogger({ level: config.logLevel });
const tellManager = takeServiceManager();

let engine: Engine;
try {
  engine = await Engine.start(config, log);
} catch (error) {
  log.error('engine cannot start', { error });
  process.stderr.write(`stratad: ${messageOf(error)}\n`);
  process.exit(1);
}

let stopping = false;
const stop = (signal: NodeJS.Signals): void => {
  if (stopping) {
    log.warn('second signal: containers are left running', { signal });
    process.exit(1);
  }
  stopping = true;
  tell('STOPPING=1');
  log.info('engine is stopping', { signal });
  engine.stop().then(() => process.exit(0), (error: unknown) => {
    log.error('engine cannot stop cleanly', { error });
    process.exit(1);
  });
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', () => {
  try {
    const { now, later } = engine.reload(loadConfig(argv));
    log.info('configuration reloaded', { changed: now.join(',') || 'nothing', ...(later.length > 0 ? { atNextStart: later.join(',') } : {}) });
  } catch (error) {
    log.error('configuration file is not valid; nothing changes', { error });
  }
});
// A fault in one handler must not take the others' containers' clients down: it is told, and the engine goes on.
process.on('unhandledRejection', (error) => { log.error('unhandled rejection', { error }); });

/** For people who look at the process list. */
process.title = 'stratad';
tell('READY=1');
log.info('engine is ready', { pid: process.pid, hosts: config.hosts.map(hostText).join(','), memoryKiB: residentKiB() });

function residentKiB(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
}

function hostText(host: ListenAddress): string {
  return host.kind === 'unix' ? host.path : host.kind === 'inherited' ? 'fd://' : `${host.host}:${String(host.port)}`;
}

/** A manager that does not listen is no reason to fail. */
function tell(state: string): void {
  try {
    tellManager(state);
  } catch (error) {
    log.warn('the service manager cannot be told', { state, error });
  }
}
