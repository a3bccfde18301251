import type { Directive } from './directives.ts';
import { DockerfileError, locate } from './dockerfile-error.ts';
import type { DockerfileNode } from './dockerfile-node.ts';
import { trimLineEnd } from './go-text.ts';
import { heredocsOf, type Heredoc } from './heredoc.ts';
import type { LineRange } from './line-range.ts';
import { LogicalLines } from './logical-lines.ts';
import { parseLine } from './parse-line.ts';

export interface ParsedDockerfile {
  nodes: readonly DockerfileNode[];
  /** Of `# escape=`; a backslash if not set. */
  escape: '\\' | '`';
  directives: readonly Directive[];
  /** Instructions that go on over empty lines: the line where each ends. */
  emptyContinuations: readonly LineRange[];
}

/**
 * Takes a Dockerfile apart. Source: Dockerfile reference, "Format".
 * @throws DockerfileError
 */
export function parseDockerfile(text: string): ParsedDockerfile {
  const lines = new LogicalLines(text);
  const nodes: DockerfileNode[] = [];
  const emptyContinuations: LineRange[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const { text: joined, range, comments, hasEmptyContinuation } = line;
    const parsed = locate(range, () => parseLine(joined, lines.escape));
    if (hasEmptyContinuation) emptyContinuations.push({ start: range.end, end: range.end });
    const heredocs = takesHeredocs(parsed) ? locate(range, () => heredocsOf(joined)) : [];
    const filled = heredocs.map((heredoc) => ({ ...heredoc, content: readContent(lines, heredoc, range) }));
    nodes.push({ ...parsed, heredocs: filled, comments, range: { start: range.start, end: lines.line } });
  }
  if (nodes.length === 0) throw new DockerfileError('file with no instructions', []);
  return { nodes, escape: lines.escape, directives: lines.directives, emptyContinuations };
}

const WITH_HEREDOCS = ['add', 'copy', 'run'];

function takesHeredocs({ keyword, isJson, trigger }: Pick<DockerfileNode, 'keyword' | 'isJson' | 'trigger'>): boolean {
  const inner = keyword.toLowerCase() === 'onbuild' ? trigger : { keyword, isJson };
  return inner !== undefined && !inner.isJson && WITH_HEREDOCS.includes(inner.keyword.toLowerCase());
}

function readContent(lines: LogicalLines, { name, stripsTabs }: Heredoc, range: LineRange): string {
  const content: string[] = [];
  for (let line = lines.nextRaw(); line !== undefined; line = lines.nextRaw()) {
    const end = trimLineEnd(line);
    if ((stripsTabs ? end.replace(/^\t+/, '') : end) === name) return content.join('');
    content.push(line);
  }
  throw new DockerfileError('unterminated heredoc', [{ start: range.start, end: lines.line }]);
}
