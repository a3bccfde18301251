import type { ContainerRegistry } from '../../containers/container-registry.ts';
import { parseDetachKeys } from '../../containers/detach-keys.ts';
import { checkCommand, type Execs } from '../../containers/execs.ts';
import type { Route } from '../route.ts';
import { decodeExecCreate, decodeExecStart } from './container-request.ts';
import { streamType } from './container-streams.ts';
import { inspectExec } from './container-wire.ts';
import { sizeOf } from './containers.ts';

export function execRoutes({ registry, execs }: { registry: ContainerRegistry; execs: Execs }): Route[] {
  return [
    {
      method: 'POST', path: '/containers/{id}/exec',
      handler: async (context) => {
        const container = registry.get(context.params['id'] ?? '');
        const request = decodeExecCreate(await context.readJson());
        const consoleSize = terminalSize(request.ConsoleSize);
        const exec = execs.create(container, {
          command: checkCommand(request.Cmd ?? []), user: request.User ?? '', workingDirectory: request.WorkingDir ?? '', environment: request.Env ?? [], tty: request.Tty === true,
          privileged: request.Privileged === true, stdin: request.AttachStdin === true, stdout: request.AttachStdout === true, stderr: request.AttachStderr === true,
          detachKeys: parseDetachKeys(request.DetachKeys ?? ''), ...(consoleSize ? { consoleSize } : {}),
        });
        context.json(201, { Id: exec.id });
      },
    },
    {
      method: 'POST', path: '/exec/{id}/start',
      handler: async (context) => {
        const exec = execs.get(context.params['id'] ?? '');
        const request = decodeExecStart(await context.readJson());
        const consoleSize = terminalSize(request.ConsoleSize);
        await execs.start(exec, {
          ...(consoleSize ? { consoleSize } : {}),
          ...(request.Detach === true ? {} : { open: () => context.hijack(streamType(context, exec.config.tty)) }),
        });
        if (request.Detach === true) context.empty(200);
      },
    },
    {
      method: 'POST', path: '/exec/{id}/resize',
      handler: async (context) => {
        const { columns, rows } = sizeOf(context);
        await execs.resize(execs.get(context.params['id'] ?? ''), columns, rows);
        context.empty(200);
      },
    },
    { method: 'GET', path: '/exec/{id}/json', handler: (context) => { context.json(200, inspectExec(execs.get(context.params['id'] ?? ''))); } },
  ];
}

/** Docker sends height, then width; zeroes mean that the client knows no size. */
function terminalSize(size: [number, number] | undefined): { columns: number; rows: number } | undefined {
  if (!size) return undefined;
  const [rows, columns] = size;
  return rows > 0 && columns > 0 ? { columns, rows } : undefined;
}
