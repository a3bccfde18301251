import { version } from '../../api/client/system.ts';
import type { VersionResponse } from '../../api/wire/system.ts';
import { API_VERSION } from '../engine/connect.ts';
import { defineCommand } from '../grammar/command.ts';
import { ansiC } from '../output/go-time.ts';
import { printObject } from '../output/print-object.ts';
import { VERSION } from '../strata-version.ts';
import { errorText } from './each.ts';
import { objectFormat } from './format-flag.ts';

export const versionCommand = defineCommand({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: objectFormat() },
  examples: [["version --format '{{.Server.Version}}'", 'Only the version of the engine']],
  async run(cli, { flags }) {
    // What asks only for this side needs no engine.
    const clientOnly = flags.format !== undefined && /\{\{/.test(flags.format) && !/Server|\bjson\b|range|\$|\{\{\s*\.\s*\}\}/.test(flags.format);
    const server = clientOnly ? undefined : await cli.engine().then(async (engine) => ({ apiVersion: engine.apiVersion, reply: await version(engine.client) })).catch((error: unknown) => ({ error }));
    const reply = server !== undefined && 'reply' in server ? server : undefined;
    const client = clientVersion(reply?.apiVersion ?? API_VERSION);
    if (flags.format !== undefined && flags.format !== '') await printObject(cli, { Client: client, Server: reply?.reply ?? null }, flags.format);
    else cli.out(versionText(client, reply?.reply));
    if (server !== undefined && 'error' in server) {
      cli.error(errorText(server.error, cli));
      return 1;
    }
    return 0;
  },
});

interface ClientVersion {
  Version: string;
  ApiVersion: string;
  DefaultAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  BuildTime: string;
  Context: string;
}

function clientVersion(apiVersion: string): ClientVersion {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  return { Version: VERSION, ApiVersion: apiVersion, DefaultAPIVersion: API_VERSION, GitCommit: '', GoVersion: '', Os: os, Arch: arch, BuildTime: '', Context: 'default' };
}

function versionText(client: ClientVersion, server: VersionResponse | undefined): string {
  const downgraded = client.ApiVersion === client.DefaultAPIVersion ? '' : ` (downgraded from ${client.DefaultAPIVersion})`;
  const lines = ['Client:', row('Version', client.Version), row('API version', client.ApiVersion + downgraded), row('Node version', process.version), row('OS/Arch', `${client.Os}/${client.Arch}`), row('Context', client.Context)];
  if (server !== undefined) lines.push('', ...serverLines(server));
  return `${lines.join('\n')}\n`;
}

function serverLines(server: VersionResponse): string[] {
  const platform = server.Platform?.Name ?? '';
  const components = (server.Components ?? []).length > 0 ? server.Components : [{ Name: 'Engine', Version: server.Version, Details: legacyDetails(server) }];
  return [`Server:${platform === '' ? '' : ` ${platform}`}`, ...components.flatMap((component) => {
    const details = component.Details ?? {};
    if (component.Name !== 'Engine') return [` ${component.Name}:`, inner('Version', component.Version), ...Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => inner(name, value))];
    return [
      ' Engine:', inner('Version', component.Version), inner('API version', `${details['ApiVersion'] ?? ''} (minimum version ${details['MinAPIVersion'] ?? ''})`),
      ...optional('Go version', details['GoVersion']), ...optional('Git commit', details['GitCommit']), ...optional('Built', ansiC(details['BuildTime'] ?? '')),
      inner('OS/Arch', `${details['Os'] ?? ''}/${details['Arch'] ?? ''}`), inner('Experimental', details['Experimental'] ?? 'false'),
    ];
  })];
}

function legacyDetails(server: VersionResponse): Record<string, string> {
  return { ApiVersion: server.ApiVersion, MinAPIVersion: server.MinAPIVersion, GoVersion: server.GoVersion, GitCommit: server.GitCommit, BuildTime: server.BuildTime, Os: server.Os, Arch: server.Arch };
}

function optional(name: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [inner(name, value)];
}

function row(name: string, value: string): string {
  return ` ${`${name}:`.padEnd(18)} ${value}`;
}

function inner(name: string, value: string): string {
  return `  ${`${name}:`.padEnd(17)} ${value}`;
}
