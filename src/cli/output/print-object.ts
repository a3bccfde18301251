import type { Cli } from '../cli.ts';
import { ExitError } from '../exit.ts';
import { goJson } from './go-json.ts';

/** Prints one object as JSON or by a Go template. @throws ExitError 64 for a template that cannot be read. */
export async function printObject(cli: Cli, data: unknown, format: string): Promise<void> {
  if (format === 'json') {
    cli.line(goJson(data));
    return;
  }
  const { Template, TemplateExecutionError, TemplateSyntaxError } = await import('../template/template.ts');
  const { unescape } = await import('./template-listing.ts');
  try {
    cli.line(new Template(unescape(format)).execute(data, { missing: (name) => `can't evaluate field ${name}` }));
  } catch (error) {
    if (error instanceof TemplateSyntaxError) throw new ExitError(64, `template parsing error: template: ${error.message}`);
    if (error instanceof TemplateExecutionError) throw new ExitError(1, error.message);
    throw error;
  }
}
