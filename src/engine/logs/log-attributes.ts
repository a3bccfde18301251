import { InvalidArgumentError } from '../../api/errors.ts';
import type { LogOptions, LogSubject } from './log-subject.ts';

/**
 * The labels and environment variables that the options `labels`, `labels-regex`, `env` and `env-regex` choose.
 * Source: moby, daemon/logger/loginfo.go.
 * @param rename what becomes of their names
 * @throws InvalidArgumentError for what is no regular expression
 */
export function chooseAttributes(options: LogOptions, subject: Pick<LogSubject, 'labels' | 'env'>, rename = (name: string): string => name): Record<string, string> {
  const labels = new Map(Object.entries(subject.labels));
  const env = new Map(subject.env.filter((entry) => entry.includes('=')).map((entry) => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  }));
  const chosen = [
    ...named(options['labels'], labels), ...matching(options['labels-regex'], labels), ...named(options['env'], env), ...matching(options['env-regex'], env),
  ].map(([name, value]) => [rename(name), value] as const);
  return sorted(chosen);
}

function named(names: string | undefined, values: ReadonlyMap<string, string>): [string, string][] {
  return (names ?? '').split(',').flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] satisfies [string, string]];
  });
}

function matching(expression: string | undefined, values: ReadonlyMap<string, string>): [string, string][] {
  if (expression === undefined || expression === '') return [];
  let pattern: RegExp;
  try {
    pattern = new RegExp(expression, 'u');
  } catch (cause) {
    throw new InvalidArgumentError(`error parsing regexp: ${expression}`, { cause });
  }
  return [...values].filter(([name]) => pattern.test(name));
}

/** In the order of their bytes, as Go writes maps. */
export function sorted(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** As Go's JSON encoder writes it: what HTML would take as its own is escaped. */
export function attributesJson(attributes: Readonly<Record<string, string>>): string {
  return JSON.stringify(attributes).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What stands in a log; values that are no text are left out. */
export function parseAttributes(json: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

/** `docker logs --details`: `name=value,name=value`, each escaped as in a query. */
export function detailsText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(sorted(Object.entries(attributes))).map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`).join(',');
}

function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll('%20', '+');
}
