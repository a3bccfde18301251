/** The suites of `npm test`, in the order in which they run: what is quick and tells most comes first. */
export interface Group {
  name: string;
  /** Globs relative to the repository. */
  files: readonly string[];
  /** Files at the same time. Those that start machines or browsers run one after the other. */
  concurrency: number;
  /** For the whole group. */
  timeoutMs: number;
}

const MINUTE = 60_000;

export const GROUPS: readonly Group[] = [
  { name: 'layers', files: ['test/layers.test.ts'], concurrency: 1, timeoutMs: MINUTE },
  { name: 'unit', files: ['src/**/*.test.ts', 'vm-images/**/*.test.ts', 'test/runner/*.test.ts', 'bench/**/*.test.ts'], concurrency: 2, timeoutMs: 4 * MINUTE },
  { name: 'renderer', files: ['renderer/**/*.test.ts'], concurrency: 2, timeoutMs: 2 * MINUTE },
  { name: 'contract', files: ['test/contract/**/*.test.ts'], concurrency: 1, timeoutMs: 4 * MINUTE },
  { name: 'engine', files: ['test/engine/**/*.test.ts'], concurrency: 2, timeoutMs: 10 * MINUTE },
  { name: 'registry', files: ['test/registry/**/*.test.ts'], concurrency: 2, timeoutMs: 6 * MINUTE },
  { name: 'api', files: ['test/api/**/*.test.ts'], concurrency: 2, timeoutMs: 25 * MINUTE },
  { name: 'cli', files: ['test/cli/**/*.test.ts'], concurrency: 2, timeoutMs: 8 * MINUTE },
  { name: 'desktop', files: ['test/desktop/**/*.test.ts'], concurrency: 1, timeoutMs: 4 * MINUTE },
  { name: 'e2e', files: ['test/e2e/**/*.test.ts'], concurrency: 1, timeoutMs: 6 * MINUTE },
  { name: 'machine', files: ['test/machine/**/*.test.ts'], concurrency: 1, timeoutMs: 10 * MINUTE },
];
