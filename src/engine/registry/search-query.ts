import { InvalidArgumentError } from '../../api/errors.ts';
import { DOCKER_HUB, domainOfServer } from './endpoint.ts';

export interface SearchQuery {
  /** As it stands in image names. */
  domain: string;
  /** What to look for, without the registry's name. */
  term: string;
  limit: number;
  filters: { official?: boolean | undefined; automated?: boolean | undefined; leastStars: number };
}

/** One answer of a search. */
export interface SearchResult {
  name: string;
  description: string;
  stars: number;
  official: boolean;
  automated: boolean;
}

const DEFAULT_LIMIT = 25;
const MOST = 100;

/**
 * Takes a search term apart: `nginx` and `user/nginx` are asked of Docker Hub, `registry.example:5000/nginx` of that registry.
 * @throws InvalidArgumentError in docker's words
 */
export function parseSearch(term: string, limit: number | undefined, filters: SearchQuery['filters']): SearchQuery {
  if (term.trim() === '') throw new InvalidArgumentError('search needs a term');
  if (term.includes('://')) throw new InvalidArgumentError('invalid repository name: repository name should not contain a schema');
  const wanted = limit === undefined || limit === 0 ? DEFAULT_LIMIT : limit;
  if (wanted < 1 || wanted > MOST) throw new InvalidArgumentError(`Limit ${limit ?? 0} is outside the range of [1, ${MOST}]`);
  const slash = term.indexOf('/');
  const first = slash === -1 ? '' : term.slice(0, slash);
  const named = first.includes('.') || first.includes(':') || first === 'localhost';
  const rest = named ? term.slice(slash + 1) : term;
  const domain = named ? domainOfServer(first) : DOCKER_HUB;
  return { domain, term: domain === DOCKER_HUB ? rest.replace(/^library\//, '') : rest, limit: wanted, filters };
}

/** What the filters let pass, in the order given, at most as many as asked for. */
export function select(results: readonly SearchResult[], { filters, limit }: SearchQuery): SearchResult[] {
  return results.filter(({ official, automated, stars }) => (filters.official === undefined || filters.official === official)
    && (filters.automated === undefined || filters.automated === automated) && stars >= filters.leastStars).slice(0, limit);
}
