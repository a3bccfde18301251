import { goNumber, goString } from './go-value.ts';

/** Go's `fmt.Sprintf` for the verbs that people use in templates: v s d q t x X o b c f e g %, with flags, width and precision. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let used = 0;
  const text = format.replace(/%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])|%$/g, (match, flags: string | undefined, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
    if (verb === '%') return '%';
    if (verb === undefined) return '%!(NOVERB)';
    const number = (word: string | undefined): number | undefined => (word === '*' ? Number(args[used++]) : word === undefined ? undefined : Number(word));
    const columns = number(width);
    const digits = number(precision) ?? (match.includes('.') ? 0 : undefined);
    if (used >= args.length) return `%!${verb}(MISSING)`;
    return pad(formatOne(verb, flags ?? '', digits, args[used++]), columns, flags ?? '');
  });
  const extra = args.slice(used).map((value) => `${typeName(value)}=${goString(value, false)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatOne(verb: string, flags: string, precision: number | undefined, value: unknown): string {
  const bad = `%!${verb}(${typeName(value)}=${goString(value, false)})`;
  switch (verb) {
    case 'v': return flags.includes('#') && typeof value === 'string' ? JSON.stringify(value) : goString(value, false);
    case 's': return typeof value === 'number' || typeof value === 'boolean' ? bad : cut(goString(value, false), precision);
    case 'q': return typeof value === 'string' ? JSON.stringify(value) : bad;
    case 't': return typeof value === 'boolean' ? String(value) : bad;
    case 'd': return typeof value === 'number' && Number.isInteger(value) ? signed(String(value), value, flags) : bad;
    case 'x':
    case 'X': return hex(verb, value) ?? bad;
    case 'o': return typeof value === 'number' ? value.toString(8) : bad;
    case 'b': return typeof value === 'number' ? value.toString(2) : bad;
    case 'c': return typeof value === 'number' ? String.fromCodePoint(value) : bad;
    case 'f': return typeof value === 'number' ? signed(value.toFixed(precision ?? 6), value, flags) : bad;
    case 'e': return typeof value === 'number' ? signed(value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2'), value, flags) : bad;
    case 'g': return typeof value === 'number' ? signed(precision === undefined ? goNumber(value) : String(Number(value.toPrecision(Math.max(precision, 1)))), value, flags) : bad;
    default: return bad;
  }
}

function hex(verb: string, value: unknown): string | undefined {
  const text = typeof value === 'number' ? value.toString(16) : typeof value === 'string' ? [...new TextEncoder().encode(value)].map((byte) => byte.toString(16).padStart(2, '0')).join('') : undefined;
  return verb === 'X' ? text?.toUpperCase() : text;
}

function signed(text: string, value: number, flags: string): string {
  if (value < 0) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('');
}

function pad(text: string, width: number | undefined, flags: string): string {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  return /^[+-]/.test(text) ? `${text[0] ?? ''}${'0'.repeat(missing)}${text.slice(1)}` : '0'.repeat(missing) + text;
}

function typeName(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return '[]interface {}';
  return value === undefined || value === null ? '<nil>' : 'map[string]interface {}';
}
