import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckMessage } from '../../src/api/wire/check.ts';
import { Engine, ENGINE_TOOLS } from '../fixtures/engine.ts';
import { missing } from '../fixtures/requirements.ts';
import { Scratch } from '../fixtures/scratch.ts';
import { REGISTRY_TOOLS, RegistryProgram } from '../registry/registry-program.ts';
import { ANY, brokenFiles, chooseOperation, makeMix, PRUNE_ALL, type MixImage, type Names, type Operation, pullOf, randomFrom, readNames } from './kill-mix.ts';

/** `STRATA_TEST_KILLS=200 STRATA_TEST_SEED=7` for a long run of one's own. */
const KILLS = Number(process.env['STRATA_TEST_KILLS'] ?? 15);
const SEED = Number(process.env['STRATA_TEST_SEED'] ?? 26_571);
/** Long enough for most operations, and most lives are far shorter. */
const LONGEST_LIFE_MS = Number(process.env['STRATA_TEST_LIFE_MS'] ?? 2500);

describe(`kill -9 at random points of pull, load, import, tag, rmi and prune, ${KILLS} times with seed ${SEED}`, {
  skip: missing({ root: true, tools: ['skopeo', ...ENGINE_TOOLS, ...REGISTRY_TOOLS], filesystems: ['overlay'] }), concurrency: false, timeout: 60_000 + KILLS * 30_000,
}, () => {
  const cleanup = new AsyncDisposableStack();
  const random = randomFrom(SEED);
  const figures = { acknowledged: 0, cut: 0, refused: 0 };
  let engine: Engine;
  let images: MixImage[] = [];
  let emptyBytes = 0;

  before(async () => {
    const scratch = cleanup.use(await Scratch.create('kill'));
    engine = cleanup.use(await Engine.start());
    const registry = cleanup.use(await RegistryProgram.start({ network: engine.network }));
    images = await makeMix(scratch, registry, random);
    emptyBytes = storedBytes(engine.dataRoot);
  });
  after(() => cleanup.disposeAsync());

  const checked = async (context: string): Promise<void> => {
    const messages = (await engine.api.get('/strata/system/check', { timeoutMs: 60_000 })).lines<CheckMessage>();
    assert.deepEqual(messages.flatMap(({ finding }) => finding ?? []), [], context);
    assert.deepEqual(messages.at(-1)?.summary?.unused, { blobs: 0, snapshots: 0, bytes: 0 }, context);
    assert.deepEqual(brokenFiles(engine.dataRoot), [], context);
  };

  test('after every restart the store is whole, what was acknowledged is there, and a pull works', async () => {
    let names: Names = new Map();
    for (let round = 1; round <= KILLS; round += 1) {
      const everything = round % 5 === 0;
      const operations = everything
        ? [...names.keys()].map((name): Operation => ({ what: `rmi ${name}`, effects: new Map([[name, undefined]]), run: async () => { assert.equal((await engine.api.delete(`/images/${name}`)).status, 200); } }))
        : Array.from({ length: 1 + Math.floor(random() * 4) }, () => chooseOperation(engine, images, names, random));
      // Removals are quick: a round of them dies early, with collection at work.
      const life = random() * random() * (everything ? LONGEST_LIFE_MS / 4 : LONGEST_LIFE_MS);
      const outcomes = operations.map((operation) => operation.run().then(() => 'acknowledged' as const, (error: unknown) => (error instanceof Error && /^\d{3} /.test(error.message) ? 'refused' as const : 'cut' as const)));
      await sleep(life);
      await engine.kill9();
      const ends = await Promise.all(outcomes);
      for (const end of ends) figures[end] += 1;
      await engine.startAgain();
      const context = `seed ${SEED}, round ${round}: ${operations.map(({ what }, index) => `${what} (${ends[index] ?? ''})`).join(', ')}, killed after ${Math.round(life)} ms`;
      const found = await readNames(engine);
      assertOutcome(names, found, operations, ends, context);
      await checked(context);
      const next = images[round % images.length];
      if (next && !everything) {
        await pullOf(engine, next).run();
        assert.equal((await readNames(engine)).get(next.name), next.id, context);
      }
      names = await readNames(engine);
    }
  });

  test('nothing is left when all images are removed', async (context) => {
    context.diagnostic(`seed ${SEED}: ${KILLS} kills; operations acknowledged ${figures.acknowledged}, cut off ${figures.cut}, refused ${figures.refused}`);
    for (const image of images) await pullOf(engine, image).run();
    await checked('all images');
    for (const name of (await readNames(engine)).keys()) assert.equal((await engine.api.delete(`/images/${name}`)).status, 200, name);
    assert.equal((await engine.api.post('/images/prune')).status, 200);
    await checked('no images');
    assert.equal(storedBytes(engine.dataRoot), emptyBytes);
    assert.ok(figures.acknowledged > 0 && figures.cut > 0, JSON.stringify(figures));
  });
});

/**
 * What was acknowledged is there unless something else was at the same name; what was cut off has happened or has not; all other names are as
 * they were. A pull or a load may also have been overtaken by a removal.
 */
function assertOutcome(before: Names, found: Names, operations: readonly Operation[], ends: readonly string[], context: string): void {
  const touched = new Set(operations.flatMap(({ effects }) => [...effects.keys()]));
  for (const name of new Set([...before.keys(), ...found.keys(), ...touched])) {
    // Takes names away that came while it was at work, too.
    const pruned = operations.some(({ what }, index) => what === PRUNE_ALL && ends[index] !== 'refused');
    const at = operations.map((operation, index) => ({ operation, end: ends[index] })).filter(({ operation, end }) => operation.effects.has(name) && end !== 'refused');
    const only = at.length === 1 && at[0]?.end === 'acknowledged' ? at[0].operation : undefined;
    const allowed = [...(only ? [] : [before.get(name)]), ...(pruned ? [undefined] : []), ...at.map(({ operation }) => operation.effects.get(name))];
    const now = found.get(name);
    assert.ok(allowed.includes(now) || (now !== undefined && allowed.includes(ANY)), `${context}: ${name} is ${now ?? 'not there'}, expected ${allowed.map((one) => one ?? 'nothing').join(' or ')}`);
  }
}

/** Disk use of everything but the database, whose file keeps the room it once had. */
function storedBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('engine.db')) return sum;
    return sum + lstatSync(path).blocks * 512 + (entry.isDirectory() ? storedBytes(path) : 0);
  }, 0);
}
