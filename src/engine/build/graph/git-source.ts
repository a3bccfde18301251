import { InvalidArgumentError } from '../../../api/errors.ts';
import { parseBoolean, quote } from '../dockerfile/go-text.ts';

/** A git repository that ADD fetches. Empty texts where nothing is said. */
export interface GitSource {
  kind: 'git';
  remote: string;
  ref: string;
  subdirectory: string;
  /** A commit, or the beginning of one, that must be found. */
  checksum: string;
  keepGitDir: boolean | undefined;
  submodules: boolean;
}

const SSH = /^(?:ssh:\/\/|[\w.-]+@[\w.-]+:)/;

/**
 * Whether a source is a git repository, and which: `git://…`, `ssh://…`, `git@host:path`, `http(s)://….git`, with `#ref:subdir` or
 * `?ref=…&subdir=…&checksum=…`. Source: Dockerfile reference, "ADD", git repositories.
 * @throws InvalidArgumentError for a wrong query
 */
export function parseGitSource(text: string): GitSource | undefined {
  const hash = text.indexOf('#');
  const address = hash === -1 ? text : text.slice(0, hash);
  const fragment = hash === -1 ? '' : text.slice(hash + 1);
  const mark = address.indexOf('?');
  const remote = mark === -1 ? address : address.slice(0, mark);
  const isHttp = /^https?:\/\//.test(remote);
  if (!(isHttp ? remote.endsWith('.git') : remote.startsWith('git://') || SSH.test(remote))) return undefined;
  const colon = fragment.indexOf(':');
  const source: GitSource = {
    kind: 'git', remote, checksum: '', keepGitDir: undefined, submodules: true,
    ref: colon === -1 ? fragment : fragment.slice(0, colon), subdirectory: colon === -1 ? '' : fragment.slice(colon + 1),
  };
  if (mark !== -1) readQuery(source, new URLSearchParams(address.slice(mark + 1)));
  return source;
}

function readQuery(source: GitSource, query: URLSearchParams): void {
  const refs: string[] = source.ref === '' ? [] : [source.ref];
  for (const key of new Set(query.keys())) {
    const [value = '', ...others] = query.getAll(key);
    if (others.length > 0) throw new InvalidArgumentError(`query ${quote(key)} has multiple values`);
    if (value === '' && key !== 'submodules' && key !== 'keep-git-dir') throw new InvalidArgumentError(`query ${quote(key)} has no value`);
    switch (key) {
      case 'ref': refs.push(value); break;
      case 'tag': refs.push(value.startsWith('refs/tags/') ? value : `refs/tags/${value}`); break;
      case 'branch': refs.push(value.startsWith('refs/heads/') ? value : `refs/heads/${value}`); break;
      case 'subdir':
        if (source.subdirectory !== '' && source.subdirectory !== value) throw new InvalidArgumentError(`subdir conflicts: ${quote(source.subdirectory)} vs ${quote(value)}`);
        source.subdirectory = value;
        break;
      case 'checksum': case 'commit': source.checksum = value; break;
      case 'keep-git-dir': source.keepGitDir = flag(key, value); break;
      case 'submodules': source.submodules = flag(key, value); break;
      default: throw new InvalidArgumentError(`unexpected query ${quote(key)}`);
    }
  }
  const [first = '', second = first] = new Set(refs);
  if (first !== second) throw new InvalidArgumentError(`ref conflicts: ${quote(first)} vs ${quote(second)}`);
  source.ref = first === '' ? source.checksum : first;
}

function flag(key: string, value: string): boolean {
  const parsed = value === '' ? true : parseBoolean(value);
  if (parsed === undefined) throw new InvalidArgumentError(`invalid ${key} value: ${quote(value)}`);
  return parsed;
}
