import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { type CommandResult, DockerCli } from '../fixtures/docker-cli.ts';
import { Dockerd, DOCKERD_TOOLS } from '../fixtures/dockerd.ts';
import { IMAGE_TOOLS, testImages } from '../fixtures/images.ts';
import { missing } from '../fixtures/requirements.ts';
import { STRATA } from './strata-command.ts';

const LINES = (await readFile(new URL('same.txt', import.meta.url), 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const skip = missing({ root: true, tools: [...DOCKERD_TOOLS, ...IMAGE_TOOLS, 'docker'] });

/** `strata` and the docker command say the same about the same engine, byte for byte: output, errors and exit status. */
describe('strata and docker on the same engine', { skip, timeout: 600_000 }, () => {
  const open = new AsyncDisposableStack();
  let docker: DockerCli;
  let strata: DockerCli;

  before(async () => {
    const engine = open.use(await Dockerd.start());
    docker = open.use(await DockerCli.create(engine.socketPath));
    strata = open.use(await DockerCli.create(engine.socketPath, STRATA));
    const images = await testImages();
    for (const archive of [images.busybox, images.layers, images.noshell]) await docker.ok('load', '-q', '-i', archive);
    await docker.ok('volume', 'create', '--label', 'a=b', 'data');
    await docker.ok('run', '-d', '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1:9000-9001:9000-9001', '-p', '53:53/udp', '-v', 'data:/data', '--label', 'tier=front', 'busybox', 'sleep', '1000');
    await docker.ok('run', '--name', 'talk', 'busybox', 'sh', '-c', 'echo one; echo two; : a command that is longer than a column is wide');
  });
  after(() => open.disposeAsync());

  for (const line of LINES) {
    test(line, async () => {
      const args = words(line);
      // What counts seconds may have moved on between the two: then the next pair is compared.
      for (let round = 1; ; round += 1) {
        const [theirs, ours] = [facts(await docker.run(args)), facts(await strata.run(args))];
        try {
          assert.deepEqual(ours, theirs);
          return;
        } catch (error) {
          if (round === 3) throw error;
        }
      }
    });
  }
});

/** A shell's words: single quotes keep everything together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** Where docker names itself, `strata` names itself; ids and moments that each run has of its own are made equal. */
function facts(result: CommandResult): object {
  const plain = (text: string): string => text
    .replace(/^docker: /gm, 'strata: ').replace(/'docker /g, "'strata ").replace(/^(Usage: {2}|strata: unknown command: )docker/gm, '$1strata')
    // After a mistyped command, strata adds what may have been meant.
    // Seconds go on between the two runs.
    .replace(/\b\d+(?= seconds?\b)/g, (digits) => '#'.repeat(digits.length))
    .replace(/\nDid you mean:\n(?: {2}.*\n)+/g, '');
  const own = result.code === 0 ? plain(result.stdout) : plain(result.stdout).replace(/\b[0-9a-f]{64}\b/g, '<id>');
  return { code: result.code, stdout: own, stderr: plain(result.stderr).replace(/\b[0-9a-f]{64}\b/g, '<id>').replace(/container "?[\w-]+"? is using/g, 'container is using') };
}
