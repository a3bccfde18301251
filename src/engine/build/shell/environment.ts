/** Where words get the values of variables from. */
export interface Environment {
  get: (name: string) => string | undefined;
}

/**
 * Variables from `NAME=value` entries; of several with one name the last counts.
 * @param os on Windows names differ in more than case
 */
export function environmentOf(entries: readonly string[], os = 'linux'): Environment {
  const fold = os === 'windows' ? (name: string): string => name.toUpperCase() : (name: string): string => name;
  const values = new Map(entries.map((entry) => {
    const equals = entry.indexOf('=');
    return equals === -1 ? [fold(entry), ''] : [fold(entry.slice(0, equals)), entry.slice(equals + 1)];
  }));
  return { get: (name) => values.get(fold(name)) };
}

export const NO_VARIABLES: Environment = { get: () => undefined };
