import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../base/atomic-file.ts';
import { exec } from '../../../base/exec.ts';
import { reason } from '../../create/key-values.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { text } from '../../grammar/flag.ts';
import { installationRoot } from '../../gui/open-interface.ts';
import { serviceUnits } from './service-units.ts';

const UNIT_DIRECTORY = '/etc/systemd/system';
const unitDirectory = text('Where the units are kept', { metavar: 'dir', defaultText: UNIT_DIRECTORY });

export const installService = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { 'unit-dir': unitDirectory },
  examples: [['sudo strata system install-service', 'Let systemd run the engine on this machine, without a VM']],
  async run(cli, { flags }) {
    const directory = flags['unit-dir'] ?? UNIT_DIRECTORY;
    const units = serviceUnits({ stratad: join(installationRoot(), 'bin/stratad'), group: engineGroup() });
    await change('install', directory, async () => {
      await mkdir(directory, { recursive: true });
      for (const [name, content] of units) await writeFileAtomic(join(directory, name), content, { mode: 0o644 });
    });
    for (const name of units.keys()) cli.line(join(directory, name));
    await reload();
    cli.error('\nThe engine starts with the first client, and with the machine:\n  sudo systemctl enable --now strata.socket strata.service\nThen:\n  export DOCKER_HOST=unix:///run/strata/engine.sock');
    return 0;
  },
});

export const removeService = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { 'unit-dir': unitDirectory },
  examples: [['sudo strata system remove-service', 'Undo install-service; images, containers and volumes stay']],
  async run(cli, { flags }) {
    const directory = flags['unit-dir'] ?? UNIT_DIRECTORY;
    const names = [...serviceUnits({ stratad: '', group: '' }).keys()];
    const present = names.filter((name) => existsSync(join(directory, name)));
    if (directory === UNIT_DIRECTORY && present.length > 0 && hasSystemd()) await exec('systemctl', ['disable', '--now', ...present]);
    await change('remove', directory, async () => { for (const name of present) await rm(join(directory, name)); });
    for (const name of present) cli.line(join(directory, name));
    await reload();
    return 0;
  },
});

async function change(what: string, directory: string, work: () => Promise<void>): Promise<void> {
  if (process.platform !== 'linux') throw new ExitError(1, `cannot ${what} the service: systemd is on Linux; here "strata machine start" runs the engine`);
  await work().catch((error: unknown) => { throw new ExitError(1, `cannot ${what} the service in ${directory}: ${reason(error)}; try sudo`); });
}

/** The group of people who may use the engine, as the engine itself chooses it. */
function engineGroup(): string {
  const groups = existsSync('/etc/group') ? readFileSync('/etc/group', 'utf8') : '';
  return ['docker', 'strata'].find((name) => new RegExp(`^${name}:`, 'm').test(groups)) ?? 'root';
}

/** systemd is there and in charge. Source: sd_booted(3). */
function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

async function reload(): Promise<void> {
  if (hasSystemd()) await exec('systemctl', ['daemon-reload']);
}
