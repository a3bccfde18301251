/** The wrong number of arguments. `hint` is docker's word in front of `'strata x --help'`. */
export class ArityError extends Error {
  readonly hint: 'Run' | 'See';
  constructor(message: string, hint: 'Run' | 'See') {
    super(message);
    this.hint = hint;
  }
}

/**
 * @param name full name of the command: `strata container rm`.
 * @throws ArityError
 */
export function checkArity(name: string, arity: { min: number; max?: number }, count: number): void {
  const { min, max } = arity;
  if (count >= min && (max === undefined || count <= max)) return;
  if (max === 0) throw new ArityError(`'${name}' accepts no arguments`, 'Run');
  if (max === undefined) throw new ArityError(`'${name}' requires at least ${plural(min)}`, 'See');
  if (min === max) throw new ArityError(`'${name}' requires ${plural(min)}`, 'Run');
  if (min === 0) throw new ArityError(`'${name}' requires at most ${plural(max)}`, 'See');
  throw new ArityError(`'${name}' requires at least ${min} and at most ${plural(max)}`, 'See');
}

function plural(count: number): string {
  return `${count} argument${count === 1 ? '' : 's'}`;
}
