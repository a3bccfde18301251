import { InvalidArgumentError } from '../../../api/errors.ts';
import type { DockerfileNode } from '../dockerfile/dockerfile-node.ts';
import { parseBoolean, quote } from '../dockerfile/go-text.ts';
import { csvFields } from './csv-fields.ts';
import { readFlags } from './flags.ts';
import type { Device, NetworkMode, RunInstruction, SecurityMode } from './instruction.ts';
import { mountSource } from './mount.ts';
import { withSuggestion } from './suggest.ts';

const NETWORKS: readonly NetworkMode[] = ['default', 'none', 'host'];
const SECURITIES: readonly SecurityMode[] = ['sandbox', 'insecure'];

/** Source: Dockerfile reference, "RUN". @throws InvalidArgumentError in BuildKit's words */
export function parseRun({ flags: written, words, isJson, heredocs }: DockerfileNode): RunInstruction {
  const flags = readFlags(written, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  const mounts = flags.list('mount');
  for (const mount of mounts) mountSource(mount);
  return {
    kind: 'run', words, isShell: !isJson, heredocs, mounts,
    network: choose(NETWORKS, flags.text('network'), (value) => withSuggestion(`invalid network mode: ${quote(value)}`, value, NETWORKS)) ?? 'default',
    security: choose(SECURITIES, flags.text('security'), (value) => withSuggestion(`security ${quote(value)} is not valid`, value, SECURITIES)) ?? 'sandbox',
    devices: flags.list('device').map(parseDevice),
  };
}

function choose<T extends string>(all: readonly T[], value: string, refusal: (value: string) => string): T | undefined {
  const found = all.find((each) => each === value);
  if (found === undefined && value !== '') throw new InvalidArgumentError(refusal(value));
  return found;
}

function parseDevice(text: string): Device {
  const device: Device = { name: '', required: false };
  for (const field of csvFields(text, 'devices')) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      const required = value === undefined ? true : parseBoolean(value);
      if (required === undefined) throw new InvalidArgumentError(`invalid value for ${key}: ${value ?? ''}`);
      device.required = required;
    } else if (key === 'name' && value !== undefined) {
      if (device.name !== '') throw new InvalidArgumentError(`device name already set to ${device.name}`);
      device.name = value;
    } else if (device.name === '') device.name = field;
    else if (value === undefined) throw new InvalidArgumentError(`invalid field '${field}' must be a key=value pair`);
    else throw new InvalidArgumentError(withSuggestion(`unexpected key '${key}' in '${field}'`, key, ['name', 'required']));
  }
  return device;
}
