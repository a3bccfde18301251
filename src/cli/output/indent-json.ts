/** Lays JSON out again with four spaces, leaving every number and escape as it was written. */
export function indentJson(json: string, prefix = ''): string {
  let result = '';
  let depth = 0;
  const newLine = (): string => `\n${prefix}${'    '.repeat(depth)}`;
  for (const token of json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? []) {
    const last = result.at(-1);
    const opened = last === '{' || last === '[';
    if (token === '}' || token === ']') {
      depth -= 1;
      result += opened ? token : `${newLine()}${token}`;
      continue;
    }
    if (opened) result += newLine();
    if (token === ',') result += `,${newLine()}`;
    else if (token === ':') result += ': ';
    else result += token;
    if (token === '{' || token === '[') depth += 1;
  }
  return result;
}
