/** One measured thing: rounds of every peer in turn (A B A B …), so that a busy moment of the machine hits all alike. */
export interface Benchmark {
  name: string;
  unit: 'ms' | 'per s' | 'MB';
  /** `low`: less is better. */
  better: 'low' | 'high';
  rounds: number;
  /** What the ratio of the first peer to the second should be, as the issue that asked for it says; absent where only the figure is reported. */
  target?: number;
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
  figures: { peer: string; median: number; low: number; high: number; rounds: number }[];
  /** Median of the first peer over the median of each other. */
  ratios: { to: string; ratio: number }[];
}

/** Runs a benchmark: one unmeasured round of each peer, then the measured ones interleaved. */
export async function measure(benchmark: Benchmark): Promise<Result> {
  const samples = benchmark.peers.map((): number[] => []);
  for (const peer of benchmark.peers) await peer.run();
  for (let round = 0; round < benchmark.rounds; round++) {
    for (const [index, peer] of benchmark.peers.entries()) samples[index]?.push(await peer.run());
  }
  const figures = benchmark.peers.map((peer, index) => {
    const sorted = (samples[index] ?? []).toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    return { peer: peer.name, median: at(0.5), low: at(0.1), high: at(0.9), rounds: sorted.length };
  });
  const [first, ...others] = figures;
  return {
    name: benchmark.name, unit: benchmark.unit, better: benchmark.better, figures,
    ...(benchmark.target === undefined ? {} : { target: benchmark.target }),
    ratios: others.map((other) => ({ to: other.peer, ratio: (first?.median ?? Number.NaN) / other.median })),
  };
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
    const ratio = result.ratios.find(({ to }) => to === figure.peer)?.ratio;
    return `  ${figure.peer.padEnd(12)} ${figure.median.toFixed(1).padStart(10)} ${result.unit}   (${figure.low.toFixed(1)} to ${figure.high.toFixed(1)}, ${String(figure.rounds)} rounds)${ratio === undefined ? '' : `   ratio ${ratio.toFixed(2)}`}`;
  });
  const best = result.ratios[0];
  const verdict = result.target === undefined || best === undefined ? []
    : [`  target ${result.better === 'low' ? 'at most' : 'at least'} ${String(result.target)} of ${best.to}: ${(result.better === 'low' ? best.ratio <= result.target : best.ratio >= result.target) ? 'reached' : 'MISSED'}`];
  return [result.name, ...lines, ...verdict].join('\n');
}
