import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { ContainerCreateRequest, ContainerInspect, ContainerWaitResponse } from '../../src/api/wire/container.ts';
import type { VersionResponse } from '../../src/api/wire/system.ts';
import { DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { Engine, ENGINE_TOOLS, engineMissing } from '../fixtures/engine.ts';
import { HttpApi, type Reply } from '../fixtures/http.ts';
import { IMAGE_TOOLS, testImages, type TestImages } from '../fixtures/images.ts';
import type { NetworkNamespace } from '../fixtures/network-namespace.ts';
import { lostInit, START_ATTEMPTS } from '../fixtures/lost-init.ts';
import { missing } from '../fixtures/requirements.ts';
import { uniqueName } from '../fixtures/scratch.ts';

/** A running engine that speaks Docker's API: ours, stock dockerd, or one that somebody names. */
export class Endpoint {
  readonly kind: EndpointKind;
  readonly api: HttpApi;
  readonly docker: DockerCli;
  readonly images: TestImages;
  /** Newest API version `1.<minor>` that it speaks: what an expectation depends on where Docker itself has changed. */
  readonly minor: number;
  /** The network it lives in, where the test has made it. */
  readonly network: NetworkNamespace | undefined;

  constructor(fields: { kind: EndpointKind; api: HttpApi; docker: DockerCli; images: TestImages; minor: number; network: NetworkNamespace | undefined }) {
    this.kind = fields.kind;
    this.api = fields.api;
    this.docker = fields.docker;
    this.images = fields.images;
    this.minor = fields.minor;
    this.network = fields.network;
  }

  /** Creates a container of the busybox image; disposing removes it by force. @throws Error with the engine's words. */
  async container(request: ContainerCreateRequest, name = uniqueName('c')): Promise<TestContainer> {
    const reply = await this.api.post(`/containers/create?name=${name}`, { Image: 'busybox', ...request });
    if (reply.status !== 201) throw new Error(`create: ${String(reply.status)} ${reply.text}`);
    return new TestContainer(this.api, reply.as<{ Id: string }>().Id, name);
  }

  /** Creates and starts. */
  async started(request: ContainerCreateRequest, name?: string): Promise<TestContainer> {
    const container = await this.container(request, name);
    await container.start();
    return container;
  }
}

export type EndpointKind = 'dockerd' | 'strata' | 'other';

/** One container of a test. */
export class TestContainer implements AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly #api: HttpApi;

  constructor(api: HttpApi, id: string, name: string) {
    this.#api = api;
    this.id = id;
    this.name = name;
  }

  /** Path below `/containers/<id>`. */
  at(path: string): string {
    return `/containers/${this.id}${path}`;
  }

  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.#api.post(this.at('/start'));
      if (reply.status === 204) return;
      if (attempt === START_ATTEMPTS || !lostInit(reply.message)) throw new Error(`start: ${String(reply.status)} ${reply.text}`);
    }
  }

  /** Waits for its end and returns the exit code. */
  async wait(timeoutMs = 30_000): Promise<number> {
    return (await this.#api.post(this.at('/wait'), undefined, { timeoutMs })).as<ContainerWaitResponse>().StatusCode;
  }

  async inspect(): Promise<ContainerInspect> {
    const reply = await this.#api.get(this.at('/json'));
    if (reply.status !== 200) throw new Error(`inspect: ${String(reply.status)} ${reply.text}`);
    return reply.as<ContainerInspect>();
  }

  remove(): Promise<Reply> {
    return this.#api.delete(this.at('?force=1&v=1'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

/** Asserts a refusal that is the caller's fault: 400. dockerd before 23.0 (API 1.41 and older) calls some of them its own: 500. */
export function assertBadRequest(endpoint: Endpoint, reply: Reply, what = ''): void {
  assert.ok(reply.status === 400 || (reply.status === 500 && endpoint.minor < 42), `${what}: ${String(reply.status)} ${reply.text}`);
  assert.notEqual(reply.message, '', what);
}

/** What every suite here needs. */
export const API_REQUIREMENTS = { root: true, tools: ['docker', ...IMAGE_TOOLS] } as const;

interface Candidate {
  kind: EndpointKind;
  name: string;
  skip: string | false;
  open: (cleanup: AsyncDisposableStack) => Promise<{ socketPath: string; network?: NetworkNamespace }>;
}

/**
 * Runs `suite` against stock dockerd and then against our engine, each fresh for this file: what dockerd does not do, we are not asked
 * to do. `STRATA_TEST_ENDPOINT=unix:///path` adds one more, e.g. the forwarded socket of a machine; `STRATA_TEST_ONLY=dockerd|strata|other`
 * narrows. `kinds` is for what only some of them promise.
 */
export function onEveryEndpoint(topic: string, suite: (endpoint: () => Endpoint) => void, kinds: readonly EndpointKind[] = ['dockerd', 'strata', 'other']): void {
  const only = process.env['STRATA_TEST_ONLY'];
  for (const candidate of candidates().filter(({ kind }) => kinds.includes(kind) && (only === undefined || only === kind))) {
    describe(`${candidate.name}: ${topic}`, { skip: candidate.skip, concurrency: false }, () => {
      const cleanup = new AsyncDisposableStack();
      let opened: Endpoint | undefined;
      before(async () => {
        const images = await testImages();
        const { socketPath, network } = await candidate.open(cleanup);
        const api = new HttpApi(socketPath);
        const docker = cleanup.use(await DockerCli.create(socketPath));
        const minor = Number((await api.get('/version')).as<VersionResponse>().ApiVersion.split('.')[1]);
        await docker.ok('load', '--quiet', '--input', images.busybox);
        opened = new Endpoint({ kind: candidate.kind, api, docker, images, minor, network });
      }, { timeout: 180_000 });
      suite(() => {
        if (opened === undefined) throw new Error(`${candidate.name} did not start`);
        return opened;
      });
      // Hooks run in the order in which they are given: those of the suite still find the engine.
      after(() => cleanup.disposeAsync(), { timeout: 180_000 });
    });
  }
}

const engineSkip = await engineMissing();

function candidates(): Candidate[] {
  const external = process.env['STRATA_TEST_ENDPOINT']?.replace(/^unix:\/\//, '');
  return [
    {
      kind: 'dockerd', name: 'dockerd', skip: missing({ ...API_REQUIREMENTS, tools: [...API_REQUIREMENTS.tools, ...DOCKERD_TOOLS], filesystems: ['overlay'] }),
      open: async (cleanup) => cleanup.use(await Dockerd.start()),
    },
    {
      kind: 'strata', name: 'strata', skip: missing({ ...API_REQUIREMENTS, tools: [...API_REQUIREMENTS.tools, ...ENGINE_TOOLS], filesystems: ['overlay'] }) || engineSkip,
      open: async (cleanup) => cleanup.use(await Engine.start()),
    },
    ...(external === undefined ? [] : [{
      kind: 'other' as const, name: external, skip: missing({ tools: ['docker', ...IMAGE_TOOLS] }), open: () => Promise.resolve({ socketPath: external }),
    }]),
  ];
}
