import { join } from 'node:path';
import { node, root } from './paths.ts';
import { step, visibly } from './step.ts';

const checks: readonly { title: string; command: readonly string[] }[] = [
  { title: 'Types', command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
  { title: 'Types of the contract (no Node, no Electron)', command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.api.json'] },
  { title: 'Types of the interface', command: ['node_modules/vue-tsc/bin/vue-tsc.js', '-p', 'tsconfig.renderer.json', '--noEmit'] },
  { title: 'Rules', command: ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'] },
  { title: 'Layers', command: ['--test', '--test-reporter=dot', 'test/layers.test.ts'] },
  { title: 'Dead code', command: ['node_modules/ts-unused-exports/bin/ts-unused-exports', 'tsconfig.json', '--ignoreLocallyUsed', '--ignoreFiles=^src/api/|vite.config'] },
];

/** `npm run lint`: every check runs, whatever the others found. */
export async function lint(): Promise<number> {
  let failed = 0;
  for (const check of checks) {
    const code = await step(check.title, () => visibly(node, check.command.map((word, index) => (index === 0 && word.startsWith('node_modules/') ? join(root, word) : word)), { cwd: root }));
    if (code !== 0) failed += 1;
  }
  process.stderr.write(failed === 0 ? 'lint: clean\n' : `lint: ${String(failed)} of ${String(checks.length)} checks failed\n`);
  return failed === 0 ? 0 : 1;
}
