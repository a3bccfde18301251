import { isReply, messageOf } from '../api/errors.ts';
import { Cli, type GlobalOptions } from './cli.ts';
import { type Entry, findCommand, GROUPS, namesIn } from './command-table.ts';
import { unreachable } from './engine/connect.ts';
import { ENGINE_FAILED, ExitError } from './exit.ts';
import { ArityError, checkArity } from './grammar/arity.ts';
import type { Command } from './grammar/command.ts';
import { bool, list, text } from './grammar/flag.ts';
import { FlagError, HelpWanted, parse } from './grammar/parse.ts';

/** Options in front of the command. Those that docker has and Strata does not need are understood, so that scripts run. */
export const GLOBAL_FLAGS = {
  config: text('Folder of the client configuration', { hidden: true }),
  context: text('Name of the context to use; only "default" exists', { short: 'c', hidden: true }),
  debug: bool('Show more of what goes wrong', { short: 'D' }),
  help: bool('Show this help'),
  host: list('Engine to connect to: unix://PATH, npipe://… or tcp://HOST:PORT', { short: 'H' }),
  'log-level': text('Level of log messages', { short: 'l', hidden: true }),
  version: bool('Show the version and quit', { short: 'v' }),
};

/**
 * One call of the command, from its words to its exit status. Everything that goes wrong ends here, as text on standard error.
 * @param argv without node and script.
 */
export async function runCli(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let cli: Cli | undefined;
  try {
    const { flags, args } = parse(GLOBAL_FLAGS, argv, true);
    if (flags.version) return await printVersion();
    cli = new Cli(globalOptions(flags), env);
    return await dispatch(cli, args, flags.help);
  } catch (error) {
    if (error instanceof HelpWanted) return topHelp(0);
    if (error instanceof FlagError) return complain(`${error.message}\n\nUsage:  strata [OPTIONS] COMMAND [ARG...]\n\nRun 'strata --help' for more information`, ENGINE_FAILED);
    return report(error, cli);
  }
}

async function dispatch(cli: Cli, args: readonly string[], help: boolean): Promise<number> {
  const words = args[0] === 'help' ? args.slice(1) : args;
  const wantsHelp = help || words.length < args.length;
  const first = words[0];
  if (first === undefined) return topHelp(0);
  const isGroup = Object.hasOwn(GROUPS, first);
  const second = words[1];
  if (isGroup && (second === undefined || second === '--help' || second === '-h')) return groupHelp(first);
  const path = isGroup ? `${first} ${second ?? ''}` : first;
  const entry = findCommand(path);
  if (entry === undefined) return unknown(isGroup ? first : '', isGroup ? second ?? '' : first);
  const rest = words.slice(isGroup ? 2 : 1);
  return runCommand(cli, path, entry, wantsHelp ? ['--help'] : rest);
}

async function runCommand(cli: Cli, path: string, entry: Entry, argv: readonly string[]): Promise<number> {
  const command = await entry.load();
  const name = `strata ${path}`;
  try {
    const { flags, args } = parse(command.flags, argv, command.stopAtFirstArgument);
    checkArity(name, command.args, args.length);
    return await command.run(cli, { flags, args }) ?? 0;
  } catch (error) {
    if (error instanceof HelpWanted) return help(cli, name, entry, command);
    const usage = `Usage:  ${name} ${command.usage}`.trimEnd();
    if (error instanceof FlagError) return complain(`${error.message}\n\n${usage}\n\nRun '${name} --help' for more information`, ENGINE_FAILED);
    if (error instanceof ArityError) return complain(`strata: ${error.message}\n\n${usage}\n\n${error.hint} '${name} --help' for more information`, 1);
    throw error;
  }
}

async function help(cli: Cli, name: string, entry: Entry, command: Command): Promise<number> {
  const { commandHelp } = await import('./grammar/help.ts');
  process.stdout.write(commandHelp(name, entry, command, cli.width));
  return 0;
}

async function topHelp(status: number): Promise<number> {
  const { topLevelHelp } = await import('./overview.ts');
  process.stdout.write(topLevelHelp(GLOBAL_FLAGS, process.stdout.isTTY ? process.stdout.columns : 80));
  return status;
}

async function groupHelp(group: string): Promise<number> {
  const { groupLevelHelp } = await import('./overview.ts');
  process.stdout.write(groupLevelHelp(group));
  return 0;
}

async function unknown(group: string, word: string): Promise<number> {
  const { suggest } = await import('./grammar/suggest.ts');
  const { absent } = await import('./overview.ts');
  const prefix = group === '' ? 'strata' : `strata ${group}`;
  const known = [...namesIn(group), ...(group === '' ? Object.keys(GROUPS) : [])];
  const why = absent(group, word);
  const meant = why === undefined ? suggest(word, [...new Set(known)]) : [];
  const lines = [`strata: ${why ?? `unknown command: ${prefix} ${word}`}`];
  if (meant.length > 0) lines.push(`\nDid you mean:\n${meant.map((name) => `  ${prefix} ${name}`).join('\n')}`);
  if (group !== '') lines.push(`\nUsage:  ${prefix}`);
  lines.push(`\nRun '${prefix} --help' for more information`);
  return complain(lines.join('\n'), 1);
}

function globalOptions(flags: { host: readonly string[]; debug: boolean; context: string | undefined; config: string | undefined }): GlobalOptions {
  if (flags.host.length > 1) throw new ExitError(1, 'give --host only once');
  if (flags.context !== undefined && flags.context !== 'default') throw new ExitError(1, `no such context: ${flags.context} (contexts are not there yet: use --host)`);
  return { host: flags.host[0], debug: flags.debug, configDirectory: flags.config };
}

async function printVersion(): Promise<number> {
  const { VERSION } = await import('./strata-version.ts');
  process.stdout.write(`Strata version ${VERSION}\n`);
  return 0;
}

function report(error: unknown, cli: Cli | undefined): number {
  const known = error instanceof ExitError ? error : cli === undefined ? undefined : unreachable(error, cli);
  if (known !== undefined) return known.message === '' ? known.code : complain(known.message, known.code);
  if (isReply(error)) return complain(`Error response from daemon: ${messageOf(error)}`, 1);
  const stack = cli?.options.debug === true && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  return complain(`${messageOf(error)}${stack}`, 1);
}

function complain(message: string, code: number): number {
  process.stderr.write(`${message}\n`);
  return code;
}
