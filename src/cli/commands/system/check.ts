import { checkSystem } from '../../../api/client/check.ts';
import type { CheckFinding, CheckProgress, CheckSummary } from '../../../api/wire/check.ts';
import { ExitError } from '../../exit.ts';
import { defineCommand } from '../../grammar/command.ts';
import { bool } from '../../grammar/flag.ts';
import { humanSize } from '../../output/units.ts';

export const check = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    json: bool('Print findings and the summary as JSON, one object a line'),
    repair: bool('Remove what nothing needs and what is damaged, and say what must be pulled again'),
  },
  examples: [['system check', 'Verify every image, layer and container; the exit status is 1 when something is wrong'], ['system check --repair', 'Put right what can be']],
  async run(cli, { flags }) {
    const { client } = await cli.engine();
    const bar = new StatusLine(process.stderr.isTTY && !flags.json);
    let summary: CheckSummary | undefined;
    try {
      for await (const message of checkSystem(client, { repair: flags.repair })) {
        if (message.error !== undefined) throw new ExitError(1, message.error);
        if (message.progress) { bar.show(progressText(message.progress)); continue; }
        bar.clear();
        summary = message.summary ?? summary;
        if (flags.json) cli.line(JSON.stringify(message));
        else if (message.finding) cli.line(findingText(message.finding));
      }
    } finally {
      bar.clear();
    }
    if (!summary) throw new ExitError(1, 'the check ended before it was done: the engine has closed the connection');
    if (!flags.json) cli.line(summaryText(summary, flags.repair));
    return summary.findings > 0 ? 1 : 0;
  },
});

/** One line on the terminal that is written over. */
class StatusLine {
  readonly #enabled: boolean;
  #shown = false;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  show(text: string): void {
    if (!this.#enabled) return;
    process.stderr.write(`\r\u001b[K${text}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}

function progressText({ step, done, total }: CheckProgress): string {
  const of = step === 'blobs' ? `${humanSize(done)} of ${humanSize(total)}` : `${done} of ${total}`;
  return `Checking ${step}: ${of}`;
}

function findingText({ kind, subject, text, remedy, repaired, repairable }: CheckFinding): string {
  const lines = [`${kind}: ${subject}`, `  ${text}`];
  if (repaired) lines.push('  repaired');
  else if (repairable) lines.push('  can be repaired: strata system check --repair');
  if (remedy !== undefined) lines.push(`  to get it back: ${remedy}`);
  return lines.join('\n');
}

function summaryText({ findings, repaired, checked, unused }: CheckSummary, repair: boolean): string {
  const looked = `${checked.images} images, ${checked.snapshots} snapshots, ${checked.blobs} blobs (${humanSize(checked.blobBytes)}), ${checked.containers} containers checked`;
  const left = unused.blobs + unused.snapshots === 0 ? '' : `; ${unused.blobs} blobs and ${unused.snapshots} layers (${humanSize(unused.bytes)}) wait for an interrupted pull or the next prune`;
  if (findings === 0) return `${looked}: all is well${left}`;
  return `${looked}: ${findings === 1 ? '1 finding' : `${findings} findings`}${repair ? `, ${repaired} repaired` : ''}${left}`;
}
