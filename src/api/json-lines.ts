/**
 * Reads a stream of JSON values separated by white space (docker's progress and event streams: `application/json` with one object
 * after another, `application/x-ndjson`, and RFC 7464 `application/json-seq`, whose 0x1E prefix is skipped).
 * Docker separates its objects by line ends, so a value never spans lines here.
 * @throws SyntaxError on a line that is not JSON.
 */
export async function* jsonLines<T>(source: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of source) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      const text = stripSeparator(line);
      if (text !== '') yield JSON.parse(text) as T;
    }
  }
  const rest = stripSeparator(pending + decoder.decode());
  if (rest !== '') yield JSON.parse(rest) as T;
}

function stripSeparator(line: string): string {
  return line.replace(/^\u001e/, '').trim();
}
