export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** A constant message plus fields. `child` binds fields for a component. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes one line per message: `time level message key=value …`. Errors among the fields print their message, and their stack at debug level. */
export function createLogger(options: { level: LogLevel; write?: (line: string) => void; fields?: LogFields }): Logger {
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const bound = options.fields ?? {};
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (rank[level] < rank[options.level]) return;
    const pairs = Object.entries({ ...bound, ...fields }).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${show(value, options.level)}`]));
    write(`${[new Date().toISOString(), level, message, ...pairs].join(' ')}\n`);
  };
  return {
    debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'),
    child: (fields) => createLogger({ ...options, fields: { ...bound, ...fields } }),
  };
}

/** For tests and for callers that have nothing to say. */
export const silentLogger: Logger = createLogger({ level: 'error', write: () => undefined });

function show(value: unknown, level: LogLevel): string {
  if (value instanceof Error) return JSON.stringify(level === 'debug' ? (value.stack ?? value.message) : value.message);
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === 'function' || typeof value === 'symbol' ? String(value) : JSON.stringify(value);
}
