import manifest from '../../../package.json' with { type: 'json' };

/** Of the whole product. */
export const STRATA_VERSION: string = manifest.version;
