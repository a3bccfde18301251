import { type Flag, text } from '../grammar/flag.ts';

/** `--format` of commands that print a list. */
export function listFormat(): Flag<string | undefined> {
  return text("Format of the output: 'table', 'table TEMPLATE', 'json', or a Go template such as '{{.ID}} {{.Names}}'");
}

/** `--format` of commands that print one thing. */
export function objectFormat(): Flag<string | undefined> {
  return text("Format of the output: 'json', or a Go template such as '{{.State.Status}}'", { short: 'f' });
}
