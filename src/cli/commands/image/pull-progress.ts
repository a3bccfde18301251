import type { EngineClient } from '../../../api/client/engine-client.ts';
import { pullImage } from '../../../api/client/images.ts';
import type { Cli } from '../../cli.ts';
import { registryAuth } from '../../credentials/credential-store.ts';
import { parseImageName } from '../../credentials/registry-name.ts';
import { ExitError } from '../../exit.ts';
import { ProgressPrinter } from '../../output/progress.ts';

export interface PullRequest {
  image: string;
  platform: string | undefined;
  quiet: boolean;
  progressTo: NodeJS.WriteStream;
  /** Of a name without a tag. */
  allTags?: boolean;
}

/** Pulls an image and shows how it goes. @throws ExitError for a failure that the stream reports. */
export async function pullWithProgress(cli: Cli, client: EngineClient, request: PullRequest): Promise<void> {
  const { name, tag } = splitReference(request.image);
  const platform = request.platform ?? cli.env['DOCKER_DEFAULT_PLATFORM'];
  const printer = new ProgressPrinter(request.progressTo);
  const query = { fromImage: name, ...(request.allTags === true ? {} : { tag }), ...(platform === undefined || platform === '' ? {} : { platform }) };
  for await (const message of pullImage(client, query, { registryAuth: await registryAuth(cli, parseImageName(request.image).domain) })) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new ExitError(1, failure);
    if (!request.quiet) printer.show(message);
  }
}

/** `busybox` is `busybox:latest`; a digest takes the tag's place in the API. */
export function splitReference(reference: string): { name: string; tag: string } {
  const at = reference.indexOf('@');
  if (at > 0) return { name: reference.slice(0, at).replace(/:[^/]+$/, ''), tag: reference.slice(at + 1) };
  const match = /^(.+):([^/:]+)$/.exec(reference);
  return { name: match?.[1] ?? reference, tag: match?.[2] ?? 'latest' };
}
