import { runCli } from './run-cli.ts';

/** The reader of a pipe has gone (`strata ps | head -1`): end as a program that SIGPIPE ends, without a word. */
const BROKEN_PIPE = 141;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? BROKEN_PIPE : 1); });
}

const code = await runCli(process.argv.slice(2), process.env);
// Where writes are not synchronous (pipes on Windows), leaving would cut them off.
await new Promise((resolve) => { process.stdout.write('', resolve); });
await new Promise((resolve) => { process.stderr.write('', resolve); });
process.exit(code);
