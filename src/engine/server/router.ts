import { InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { type ApiVersion, negotiateApiVersion, NEWEST_API_VERSION } from './api-version.ts';
import type { Route } from './route.ts';

export interface RouteMatch {
  route: Route;
  params: Readonly<Record<string, string>>;
  version: ApiVersion;
}

interface CompiledRoute {
  route: Route;
  pattern: RegExp;
  names: readonly string[];
}

/** Finds the route of a request. Pure: it knows nothing of HTTP beyond method and path. */
export class Router {
  readonly #fixed = new Map<string, Route>();
  readonly #patterns: CompiledRoute[] = [];

  /** @throws Error when two routes have the same method and path: a mistake of the composition. */
  constructor(routes: readonly Route[]) {
    const seen = new Set<string>();
    for (const route of routes) {
      const key = `${route.method} ${route.path}`;
      if (seen.has(key)) throw new Error(`two routes for ${key}`);
      seen.add(key);
      if (route.path.includes('{')) this.#patterns.push(compile(route));
      else this.#fixed.set(key, route);
    }
    // A parameter that may hold slashes matches greedily, so it comes after what is more exact.
    this.#patterns.sort((a, b) => Number(a.route.path.includes('*}')) - Number(b.route.path.includes('*}')));
  }

  /**
   * @param target the request's path, without query, with or without `/v1.NN`
   * @throws NotFoundError `page not found` for an unknown path or a wrong method, as dockerd answers both
   * @throws InvalidArgumentError for a version that this engine does not speak
   */
  match(method: string, target: string): RouteMatch {
    const prefix = /^\/v(\d[\d.]*)(?=\/)/.exec(target);
    const version = prefix?.[1] === undefined ? NEWEST_API_VERSION : negotiateApiVersion(prefix[1]);
    const path = prefix ? target.slice(prefix[0].length) : target;
    const fixed = this.#fixed.get(`${method} ${path}`);
    if (fixed) return { route: fixed, params: {}, version };
    for (const { route, pattern, names } of this.#patterns) {
      if (route.method !== method) continue;
      const found = pattern.exec(path);
      if (found) return { route, params: decode(names, found), version };
    }
    throw new NotFoundError('page not found');
  }
}

function compile(route: Route): CompiledRoute {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)(\*?)\}|[.\\+*?^$()[\]|]/g, (text, name: string | undefined, star: string | undefined) => {
    if (name === undefined) return `\\${text}`;
    names.push(name);
    return star === '*' ? '(.+)' : '([^/]+)';
  });
  return { route, names, pattern: new RegExp(`^${source}$`) };
}

function decode(names: readonly string[], found: RegExpExecArray): Record<string, string> {
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]));
  } catch (cause) {
    throw new InvalidArgumentError('invalid percent-encoding in the path', { cause });
  }
}
