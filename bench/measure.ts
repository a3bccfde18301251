/** One measured thing: rounds of every peer in turn (A B A B …), so that a busy moment of the machine hits all alike. */
export interface Benchmark {
  name: string;
  unit: 'ms' | 'per s' | 'MB' | 'MB/s' | '%';
  /** `low`: less is better. */
  better: 'low' | 'high';
  rounds: number;
  /** What the ratio of the first peer to the second should be, as the issue that asked for it says; absent where only the figure is reported. */
  target?: number;
  /** What the first peer's figure itself should not exceed (or fall below), in the benchmark's unit. */
  limit?: number;
  /** Done once, before the first round; nothing of it counts. */
  prepare?: () => Promise<void>;
  /** Done once, after the last round, whatever came of them. */
  after?: () => Promise<void>;
  peers: readonly Peer[];
}

export interface Peer {
  name: string;
  /** One round; resolves with its figure in the benchmark's unit. */
  run(): Promise<number>;
}

export interface Result {
  name: string;
  unit: string;
  better: 'low' | 'high';
  target?: number;
  limit?: number;
  figures: { peer: string; median: number; low: number; high: number; rounds: number }[];
  /** Median of the first peer over the median of each other; `low` and `high` are of the ratios of single rounds. */
  ratios: { to: string; ratio: number; low: number; high: number }[];
}

/** Runs a benchmark: one unmeasured round of each peer, then the measured ones interleaved. */
export async function measure(benchmark: Benchmark): Promise<Result> {
  await using after = new AsyncDisposableStack();
  if (benchmark.after) after.defer(benchmark.after);
  await benchmark.prepare?.();
  const samples = benchmark.peers.map((): number[] => []);
  for (const peer of benchmark.peers) await peer.run();
  for (let round = 0; round < benchmark.rounds; round++) {
    for (const [index, peer] of benchmark.peers.entries()) samples[index]?.push(await peer.run());
  }
  const figures = benchmark.peers.map((peer, index) => ({ peer: peer.name, ...spread(samples[index] ?? []), rounds: samples[index]?.length ?? 0 }));
  const [first] = figures;
  return {
    name: benchmark.name, unit: benchmark.unit, better: benchmark.better, figures,
    ...(benchmark.target === undefined ? {} : { target: benchmark.target }),
    ...(benchmark.limit === undefined ? {} : { limit: benchmark.limit }),
    ratios: figures.flatMap((other, index) => {
      if (index === 0) return [];
      const { low, high } = spread((samples[0] ?? []).map((value, round) => value / (samples[index]?.[round] ?? Number.NaN)));
      return [{ to: other.peer, ratio: (first?.median ?? Number.NaN) / other.median, low, high }];
    }),
  };
}

function spread(values: readonly number[]): { median: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** One line per peer, and what it means. */
export function report(result: Result): string {
  const lines = result.figures.map((figure) => {
    const ratio = result.ratios.find(({ to }) => to === figure.peer);
    return `  ${figure.peer.padEnd(12)} ${figure.median.toFixed(1).padStart(10)} ${result.unit}   (${figure.low.toFixed(1)} to ${figure.high.toFixed(1)}, ${String(figure.rounds)} rounds)${ratio === undefined ? '' : `   ratio ${ratio.ratio.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`}`;
  });
  const best = result.ratios[0];
  const verdict = result.target === undefined || best === undefined ? []
    : [`  target ${result.better === 'low' ? 'at most' : 'at least'} ${String(result.target)} of ${best.to}: ${(result.better === 'low' ? best.ratio <= result.target : best.ratio >= result.target) ? 'reached' : 'MISSED'}`];
  const own = result.figures[0]?.median;
  const absolute = result.limit === undefined || own === undefined ? []
    : [`  limit ${String(result.limit)} ${result.unit}: ${(result.better === 'low' ? own <= result.limit : own >= result.limit) ? 'kept' : 'MISSED'}`];
  return [result.name, ...lines, ...verdict, ...absolute].join('\n');
}
