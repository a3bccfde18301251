import { jsonLines } from '../json-lines.ts';
import type { CheckMessage } from '../wire/check.ts';
import type { EngineClient } from './engine-client.ts';

/** Progress and findings as they come, then the summary. Ends the check when `signal` aborts. */
export async function* checkSystem(client: EngineClient, options: { repair: boolean; signal?: AbortSignal }): AsyncGenerator<CheckMessage> {
  yield* jsonLines<CheckMessage>(await client.stream(options.repair ? 'POST' : 'GET', '/strata/system/check', options.signal ? { signal: options.signal } : {}));
}
