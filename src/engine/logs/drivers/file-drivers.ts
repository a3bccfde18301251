import { attributesJson, chooseAttributes, sorted } from '../log-attributes.ts';
import type { LogDriver } from '../log-driver.ts';
import type { LogOptions, LogSubject } from '../log-subject.ts';
import { logTag } from '../log-tag.ts';
import { jsonRotation, localRotation } from './rotation.ts';

const OPTIONS = ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'] as const;

/** What is noted with every line: what was chosen, and a tag if one was asked for. @throws InvalidArgumentError */
export function fileAttributes(options: LogOptions, subject: LogSubject): Record<string, string> {
  const tag = options['tag'] ?? '';
  return sorted([...Object.entries(chooseAttributes(options, subject)), ...(tag === '' ? [] : [['tag', logTag(tag, subject)] as const])]);
}

/** Docker's format, for whoever reads the files beside us. */
export const jsonFileDriver: LogDriver = {
  name: 'json-file',
  optionNames: OPTIONS,
  plan(options, subject) {
    const attributes = fileAttributes(options, subject);
    return { file: { ...jsonRotation(options), json: Object.keys(attributes).length === 0 ? {} : { attributes: attributesJson(attributes) } } };
  },
};

/** Our own records, rotated and compressed: the default. What goes with every line is known from the container. */
export const localDriver: LogDriver = {
  name: 'local',
  optionNames: OPTIONS,
  plan(options, subject) {
    fileAttributes(options, subject);
    return { file: localRotation(options) };
  },
};

/** Nothing is kept; clients that are attached see the output. It takes any option. */
export const noneDriver: LogDriver = { name: 'none', optionNames: [], plan: () => ({}) };
