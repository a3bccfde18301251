import { fileURLToPath } from 'node:url';

/** The command as people run it. `STRATA_TEST_CLI` names another, e.g. a bundle in the making. */
export const STRATA: readonly string[] = process.env['STRATA_TEST_CLI']?.split(' ') ?? [fileURLToPath(new URL('../../bin/strata', import.meta.url))];
