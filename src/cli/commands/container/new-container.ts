import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { createContainer } from '../../../api/client/containers.ts';
import type { EngineClient } from '../../../api/client/engine-client.ts';
import { isReply, messageOf, NotFoundError } from '../../../api/errors.ts';
import type { Cli } from '../../cli.ts';
import type { CreateFlags } from '../../create/create-flags.ts';
import { type Attachment, createRequest } from '../../create/create-request.ts';
import { reason } from '../../create/key-values.ts';
import { unreachable } from '../../engine/connect.ts';
import { ENGINE_FAILED, ExitError, NOT_EXECUTABLE, NOT_FOUND } from '../../exit.ts';
import { consoleSize } from '../../terminal/window-size.ts';
import { pullWithProgress } from '../image/pull-progress.ts';

/**
 * Creates the container that `run` and `create` describe, pulling the image when it is not there.
 * @returns its id. @throws ExitError
 */
export async function newContainer(cli: Cli, client: EngineClient, options: { flags: CreateFlags; args: readonly string[]; attachment: Attachment }): Promise<string> {
  const { flags, args: [image = '', ...command], attachment } = options;
  const pull = flags.pull ?? 'missing';
  if (!['always', 'missing', 'never'].includes(pull)) throw new ExitError(ENGINE_FAILED, `strata: invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  const size = flags.tty ? consoleSize() : undefined;
  const request = createRequest(flags, image, command, attachment, { env: cli.env, ...(size === undefined ? {} : { consoleSize: size }) });
  const idFile = flags.cidfile;
  if (idFile !== undefined && existsSync(idFile)) throw new ExitError(ENGINE_FAILED, `strata: container ID file found, make sure the other container isn't running or delete ${idFile}`);
  if (pull === 'always') await pullWithProgress(cli, client, { image, platform: flags.platform, quiet: flags.quiet, progressTo: process.stderr });
  const query = { ...(flags.name === undefined ? {} : { name: flags.name }), ...(flags.platform === undefined ? {} : { platform: flags.platform }) };
  const created = await createContainer(client, request, query).catch(async (error: unknown) => {
    if (pull !== 'missing' || !(error instanceof NotFoundError) || !/no such image/i.test(error.message)) throw error;
    if (!flags.quiet) cli.error(`Unable to find image '${withTag(image)}' locally`);
    await pullWithProgress(cli, client, { image, platform: flags.platform, quiet: flags.quiet, progressTo: process.stderr });
    return createContainer(client, request, query);
  });
  for (const warning of created.Warnings ?? []) cli.error(`WARNING: ${warning}`);
  if (idFile !== undefined) writeIdFile(idFile, created.Id);
  return created.Id;
}

/** An error of `run` or `create` with docker's exit status for it. */
export function startFailure(error: unknown, cli: Cli, command: 'run' | 'create'): Error {
  if (error instanceof ExitError) return error;
  const text = unreachable(error, cli)?.message ?? (isReply(error) ? `Error response from daemon: ${messageOf(error)}` : messageOf(error));
  return new ExitError(isReply(error) ? startStatus(text) : ENGINE_FAILED, `strata: ${text}\n\nRun 'strata ${command} --help' for more information`);
}

function startStatus(message: string): number {
  if (/executable file not found|no such file or directory/.test(message)) return NOT_FOUND;
  return /permission denied|is a directory|not a directory|exec format error/.test(message) ? NOT_EXECUTABLE : ENGINE_FAILED;
}

function withTag(image: string): string {
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}

function writeIdFile(path: string, id: string): void {
  try {
    const file = openSync(path, 'wx');
    try {
      writeSync(file, id);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ExitError(ENGINE_FAILED, `strata: failed to create the container ID file: open ${path}: ${reason(error)}`);
  }
}
