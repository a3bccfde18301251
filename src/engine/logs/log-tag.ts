import { hostname } from 'node:os';
import { InvalidArgumentError } from '../../api/errors.ts';
import type { LogSubject } from './log-subject.ts';

const FIELDS: Readonly<Record<string, (subject: LogSubject) => string>> = {
  ID: ({ id }) => id.slice(0, 12),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ContainerID: ({ id }) => id,
  ContainerName: ({ name }) => `/${name}`,
  ContainerImageID: ({ imageId }) => imageId,
  ContainerImageName: ({ imageName }) => imageName,
  ImageID: ({ imageId }) => imageId.slice(0, 12),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  Command: ({ args }) => args.join(' '),
  ContainerEntrypoint: ({ args }) => args[0] ?? '',
  // What other tools look for: the engine is a Docker to them.
  DaemonName: () => 'docker',
  Hostname: () => hostname(),
};

/**
 * `--log-opt tag=…`: the fields of Docker's template, each as `{{.Field}}`. Its functions are not there.
 * Source: moby, daemon/logger/loggerutils/log_tag.go, loginfo.go.
 * @throws InvalidArgumentError
 */
export function logTag(template: string, subject: LogSubject): string {
  let text = '';
  let rest = template;
  for (let at = rest.indexOf('{{'); at !== -1; at = rest.indexOf('{{')) {
    const end = rest.indexOf('}}', at);
    if (end === -1) throw new InvalidArgumentError('template: log-tag:1: unclosed action');
    const action = rest.slice(at + 2, end).trim();
    const name = /^\.(\w+)$/.exec(action)?.[1];
    if (name === undefined) throw new InvalidArgumentError(`template: log-tag:1: only fields are understood, not ${JSON.stringify(action)}`);
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!field) throw new InvalidArgumentError(`template: log-tag:1:2: executing "log-tag" at <.${name}>: can't evaluate field ${name} in type *logger.Info`);
    text += rest.slice(0, at) + field(subject);
    rest = rest.slice(end + 2);
  }
  return text + rest;
}
