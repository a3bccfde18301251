const PASSED_ON: readonly NodeJS.Signals[] = process.platform === 'win32'
  ? ['SIGINT', 'SIGBREAK']
  : ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR2', 'SIGALRM', 'SIGCONT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'];

/** After so many requests to end, a container that ignores them keeps nobody at the terminal. */
const PATIENCE = 3;

/** Sends the signals that we get to the container, until it is disposed of. */
export function passSignals(kill: (signal: string) => Promise<void>): Disposable {
  let requests = 0;
  const handler = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') requests += 1;
    if (requests >= PATIENCE) {
      process.stderr.write(`\ngot ${PATIENCE} SIGTERM/SIGINTs, forcefully exiting\n`);
      process.exit(1);
    }
    // A container that has ended gets no signal any more; its exit is on the way.
    kill(signal).catch(() => undefined);
  };
  for (const signal of PASSED_ON) process.on(signal, handler);
  return { [Symbol.dispose]: () => { for (const signal of PASSED_ON) process.off(signal, handler); } };
}
