import { messageOf } from '../../../api/errors.ts';
import type { CheckMessage } from '../../../api/wire/check.ts';
import type { SystemCheck } from '../../check/system-check.ts';
import type { Route, RouteContext } from '../route.ts';
import { writeAll } from './container-streams.ts';

/** Looking (GET) and repairing (POST). One JSON object a line, as it comes; a client that goes away ends it. */
export function checkRoutes({ check }: { check: SystemCheck }): Route[] {
  const path = '/strata/system/check';
  return [
    { method: 'GET', path, handler: (context) => stream(check, context, false) },
    { method: 'POST', path, handler: (context) => stream(check, context, true) },
  ];
}

async function stream(check: SystemCheck, context: RouteContext, repair: boolean): Promise<void> {
  const response = context.streamHead(200, { 'content-type': 'application/x-ndjson' });
  const write = (message: CheckMessage): Promise<void> => writeAll(response, `${JSON.stringify(message)}\n`, context.signal);
  try {
    for await (const message of check.run({ repair, signal: context.signal })) await write(message);
  } catch (error) {
    if (!context.signal.aborted) await write({ error: messageOf(error) });
  }
  response.end();
}
