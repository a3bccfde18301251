import type { EngineClient } from '../../api/client/engine-client.ts';
import { text } from '../../api/client/engine-client.ts';
import type { Cli } from '../cli.ts';
import { ExitError } from '../exit.ts';
import { indentJson } from '../output/indent-json.ts';
import { errorText } from './each.ts';

/** Fetches one object as the JSON text that the engine sent. Throws when there is none. */
export type FetchObject = (client: EngineClient, name: string) => Promise<string>;

/**
 * Prints objects as docker's `inspect` does: one array of all that were found, or the template once per object; what was not found
 * is told afterwards and makes the status 1.
 */
export async function inspectObjects(cli: Cli, names: readonly string[], fetch: FetchObject, format: string | undefined): Promise<number> {
  const template = format === undefined || format === '' || format === 'json' ? undefined : await readTemplate(format);
  const { client } = await cli.engine();
  const found: string[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      found.push(await fetch(client, name));
    } catch (error) {
      errors.push(errorText(error, cli));
    }
  }
  let status = errors.length > 0 ? 1 : 0;
  if (template === undefined) cli.line(format === 'json' ? `[${found.map((json) => json.trim()).join(',')}]` : found.length === 0 ? '[]' : indentJson(`[${found.join(',')}]`));
  else {
    for (const json of found) {
      const result = template(json);
      cli.line(result.output);
      if (result.error === undefined) continue;
      errors.push(result.error);
      status = 1;
      break;
    }
    if (found.length === 0) cli.line('');
  }
  for (const error of errors) cli.error(error);
  return status;
}

/** The raw reply of a GET. */
export async function raw(client: EngineClient, path: string, query: Record<string, boolean> = {}): Promise<string> {
  return text((await client.send('GET', path, { query })).body);
}

type Render = (json: string) => { output: string; error?: string };

async function readTemplate(format: string): Promise<Render> {
  const { Template, TemplateSyntaxError, TemplateExecutionError } = await import('../template/template.ts');
  const { unescape } = await import('../output/template-listing.ts');
  let template: InstanceType<typeof Template>;
  try {
    template = new Template(unescape(format));
  } catch (error) {
    if (error instanceof TemplateSyntaxError) throw new ExitError(64, `template parsing error: template: ${error.message}`);
    throw error;
  }
  return (json) => {
    try {
      return { output: template.execute(JSON.parse(json), { missing: (name) => `map has no entry for key ${JSON.stringify(name)}` }) };
    } catch (error) {
      if (error instanceof TemplateExecutionError) return { output: '', error: `template parsing error: ${error.message}` };
      throw error;
    }
  };
}
