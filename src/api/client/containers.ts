import type {
  ContainerCreateRequest, ContainerCreateResponse, ContainerInspect, ContainerSummary, ContainerUpdateRequest, ContainerWaitResponse,
  ExecCreateRequest, ExecInspect, WaitCondition,
} from '../wire/container.ts';
import type { ContainerStats } from '../wire/stats.ts';
import type { UpgradedConnection } from '../transport.ts';
import { type EngineClient, text } from './engine-client.ts';

/** Docker's filters: `{ label: ['a=b'], status: ['running'] }`. */
export type Filters = Readonly<Record<string, readonly string[]>>;

const at = (id: string, verb: string): string => `/containers/${encodeURIComponent(id)}${verb}`;

export function listContainers(client: EngineClient, query: { all?: boolean; limit?: number; size?: boolean; filters?: Filters } = {}): Promise<ContainerSummary[]> {
  return client.json('GET', '/containers/json', { query });
}

export function createContainer(client: EngineClient, request: ContainerCreateRequest, query: { name?: string; platform?: string } = {}): Promise<ContainerCreateResponse> {
  return client.json('POST', '/containers/create', { query, json: request });
}

export function inspectContainer(client: EngineClient, id: string, query: { size?: boolean } = {}): Promise<ContainerInspect> {
  return client.json('GET', at(id, '/json'), { query });
}

export function startContainer(client: EngineClient, id: string, query: { detachKeys?: string } = {}): Promise<void> {
  return client.call('POST', at(id, '/start'), { query });
}

export function stopContainer(client: EngineClient, id: string, query: { t?: number; signal?: string } = {}): Promise<void> {
  return client.call('POST', at(id, '/stop'), { query });
}

export function restartContainer(client: EngineClient, id: string, query: { t?: number; signal?: string } = {}): Promise<void> {
  return client.call('POST', at(id, '/restart'), { query });
}

export function killContainer(client: EngineClient, id: string, query: { signal?: string } = {}): Promise<void> {
  return client.call('POST', at(id, '/kill'), { query });
}

export function pauseContainer(client: EngineClient, id: string): Promise<void> {
  return client.call('POST', at(id, '/pause'));
}

export function unpauseContainer(client: EngineClient, id: string): Promise<void> {
  return client.call('POST', at(id, '/unpause'));
}

export function renameContainer(client: EngineClient, id: string, name: string): Promise<void> {
  return client.call('POST', at(id, '/rename'), { query: { name } });
}

/** Processes as `ps` on the engine's machine shows them; `ps_args` are its options (`-ef` unless given). */
export function containerProcesses(client: EngineClient, id: string, query: { ps_args?: string } = {}): Promise<{ Titles: string[]; Processes: string[][] | null }> {
  return client.json('GET', at(id, '/top'), { query });
}

export function updateContainer(client: EngineClient, id: string, change: ContainerUpdateRequest): Promise<{ Warnings: string[] | null }> {
  return client.json('POST', at(id, '/update'), { json: change });
}

/** What it uses now, and what it used a second ago. */
export function sampleContainerStats(client: EngineClient, id: string): Promise<ContainerStats> {
  return client.json('GET', at(id, '/stats'), { query: { stream: '0' } });
}

/** One line of JSON (`ContainerStats`) each second. */
export function streamContainerStats(client: EngineClient, id: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  return client.stream('GET', at(id, '/stats'), { query: { stream: '1' }, ...(signal ? { signal } : {}) });
}

export function removeContainer(client: EngineClient, id: string, query: { v?: boolean; force?: boolean; link?: boolean } = {}): Promise<void> {
  return client.call('DELETE', at(id, ''), { query });
}

export function resizeContainer(client: EngineClient, id: string, query: { h: number; w: number }): Promise<void> {
  return client.call('POST', at(id, '/resize'), { query });
}

/** Hijacks the connection. Multiplexed unless the container has a TTY. */
export function attachContainer(
  client: EngineClient, id: string,
  query: { stream?: boolean; stdin?: boolean; stdout?: boolean; stderr?: boolean; logs?: boolean; detachKeys?: string },
  signal?: AbortSignal,
): Promise<UpgradedConnection> {
  return client.upgrade(at(id, '/attach'), { query, ...(signal ? { signal } : {}) });
}

/**
 * Begins to wait. The outer promise resolves when the engine has accepted the wait, so `start` may follow at once;
 * `exit` resolves when the condition is met.
 */
export async function waitContainer(client: EngineClient, id: string, query: { condition?: WaitCondition } = {}, signal?: AbortSignal): Promise<{ exit: Promise<ContainerWaitResponse> }> {
  const body = await client.stream('POST', at(id, '/wait'), { query, ...(signal ? { signal } : {}) });
  return { exit: text(body).then((raw) => JSON.parse(raw) as ContainerWaitResponse) };
}

/** Raw log bytes: multiplexed unless the container has a TTY. */
export function containerLogs(
  client: EngineClient, id: string,
  query: { follow?: boolean; stdout?: boolean; stderr?: boolean; since?: string; until?: string; timestamps?: boolean; tail?: string; details?: boolean },
  signal?: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  return client.stream('GET', at(id, '/logs'), { query, ...(signal ? { signal } : {}) });
}

export function createExec(client: EngineClient, containerId: string, request: ExecCreateRequest): Promise<{ Id: string }> {
  return client.json('POST', at(containerId, '/exec'), { json: request });
}

export function startExec(client: EngineClient, execId: string, request: { Tty: boolean; ConsoleSize?: [number, number] }): Promise<UpgradedConnection> {
  return client.upgrade(`/exec/${encodeURIComponent(execId)}/start`, { json: { Detach: false, ...request } });
}

export function startExecDetached(client: EngineClient, execId: string): Promise<void> {
  return client.call('POST', `/exec/${encodeURIComponent(execId)}/start`, { json: { Detach: true } });
}

export function resizeExec(client: EngineClient, execId: string, query: { h: number; w: number }): Promise<void> {
  return client.call('POST', `/exec/${encodeURIComponent(execId)}/resize`, { query });
}

export function inspectExec(client: EngineClient, execId: string): Promise<ExecInspect> {
  return client.json('GET', `/exec/${encodeURIComponent(execId)}/json`);
}
