import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectSyntax } from './directives.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { renderExcerpt } from './excerpt.ts';
import { contentOf } from './heredoc.ts';
import { mergeRanges } from './line-range.ts';
import { parseDockerfile } from './parse-dockerfile.ts';

const brief = (text: string): unknown[] => parseDockerfile(text).nodes.map(({ keyword, words, range }) => [keyword, words, range.start, range.end]);

function failure(text: string): [reason: string, ranges: unknown] {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileError) return [error.reason, error.ranges];
    throw error;
  }
  throw new Error('it parses');
}

describe('lines', () => {
  test('ranges count continuations, comments and blanks within', () => {
    assert.deepEqual(brief('# one\n\nFROM a\nRUN x \\\n # not this\n\n  y \\ \n  z\nCMD b'), [['FROM', ['a'], 3, 3], ['RUN', ['x   y   z'], 4, 8], ['CMD', ['b'], 9, 9]]);
    assert.deepEqual(parseDockerfile('FROM a\nRUN x \\\n\n y').emptyContinuations, [{ start: 4, end: 4 }]);
  });
  test('a mark that is escaped goes on in no line', () => { assert.deepEqual(brief('RUN a \\\\\nRUN b'), [['RUN', ['a \\\\'], 1, 1], ['RUN', ['b'], 2, 2]]); });
  test('a number sign within a line is no comment', () => { assert.deepEqual(brief('RUN a # b\n  # c\nRUN d'), [['RUN', ['a # b'], 1, 1], ['RUN', ['d'], 3, 3]]); });
  test('byte order mark and carriage returns', () => {
    const { nodes, escape } = parseDockerfile('\ufeff# escape=`\r\nFROM a\r\nRUN b `\r\n c\r\n');
    assert.deepEqual([escape, nodes.map(({ words }) => words)], ['`', [['a'], ['b  c']]]);
  });
  test('lines of nothing but their ends, and of blanks', () => {
    assert.equal(parseDockerfile(`FROM a\nRUN ${'\r'.repeat(1_000_000)}x\r\r\n`).nodes.length, 2);
    assert.equal(parseDockerfile(`FROM a\nRUN ${' \t'.repeat(1_000_000)}\\ x${' '.repeat(1_000_000)}\n`).nodes.length, 2);
  });
  test('NUL and controls pass as they are', () => { assert.deepEqual(brief('RUN a\0b\x01'), [['RUN', ['a\0b\x01'], 1, 1]]); });
  test('comments directly above belong to an instruction', () => {
    const { nodes } = parseDockerfile('# check=skip=all\n# a is first\nFROM x AS a\n# lost\n\n# kept\nRUN b\n# cut\n#\nRUN c');
    assert.deepEqual(nodes.map(({ comments }) => comments), [['a is first'], ['kept'], []]);
  });
});

describe('directives', () => {
  test('all three, in any case and with blanks', () => {
    assert.deepEqual(parseDockerfile('# Syntax = docker/dockerfile:1 \n#ESCAPE=`\n# check=skip=all;error=true\nFROM a').directives, [
      { name: 'syntax', value: 'docker/dockerfile:1', line: 1 }, { name: 'escape', value: '`', line: 2 }, { name: 'check', value: 'skip=all;error=true', line: 3 },
    ]);
  });
  test('end at the first line that is none', () => {
    for (const before of ['# comment\n', '\n', '# unknown=1\n', 'ARG x\n']) assert.equal(parseDockerfile(`${before}# escape=\`\nFROM a`).escape, '\\');
  });
  test('a second of one name, and an escape that is none', () => {
    assert.deepEqual(failure('# escape=`\n# escape=\\\nFROM a'), ['only one escape parser directive can be used', [{ start: 2, end: 2 }]]);
    assert.deepEqual(failure('# escape=x\nFROM a')[0], "invalid escape token 'x' does not match ` or \\");
  });
  test('the front end that a file asks for, in any language', () => {
    assert.deepEqual(detectSyntax('#!/bin/x\n# syntax=a/b:1 --flag\n'), { image: 'a/b:1', commandLine: 'a/b:1 --flag' });
    assert.equal(detectSyntax('// syntax=mockerfile\nx')?.image, 'mockerfile');
    assert.equal(detectSyntax('{"syntax": "json-front", "a": 1}')?.image, 'json-front');
    assert.equal(detectSyntax('FROM a\n# syntax=late'), undefined);
  });
});

describe('documents', () => {
  const heredocs = (text: string): unknown[] => parseDockerfile(text).nodes.flatMap((node) => node.heredocs.map(({ name, expands, stripsTabs, content }) => [name, expands, stripsTabs, content]));
  test('several, quoted, with tabs, in RUN, COPY and ADD', () => {
    assert.deepEqual(heredocs('RUN <<EOF\na\n\tb\nEOF\n'), [['EOF', true, false, 'a\n\tb\n']]);
    assert.deepEqual(heredocs('COPY <<"A B" <<-\'C\' /x\n$1\nA B\n\t$2\n\tC'), [['A B', false, false, '$1\n'], ['C', false, true, '\t$2\n']]);
    assert.deepEqual(heredocs('ADD <<X <<Y /d/\nX\nY\n'), [['X', true, false, ''], ['Y', true, false, '']]);
    assert.deepEqual(heredocs('RUN 3<<E cat\nx\nE'), [['E', true, false, 'x\n']]);
    assert.deepEqual(heredocs('ONBUILD RUN <<EOF\nx\nEOF'), [['EOF', true, false, 'x\n']]);
  });
  test('are read raw: comments, marks and carriage returns stay', () => {
    assert.deepEqual(heredocs('RUN <<E\r\n# a \\\r\n\r\nE\r\nCMD x'), [['E', true, false, '# a \\\r\n\r\n']]);
  });
  test('lengthen the range of their instruction', () => { assert.deepEqual(brief('RUN <<E\nx\nE\nCMD y'), [['RUN', ['<<E'], 1, 3], ['CMD', ['y'], 4, 4]]); });
  test('tabs are stripped for the reader only', () => { assert.equal(contentOf({ content: '\ta\n\t\tb\n  c\n', stripsTabs: true }), 'a\nb\n  c\n'); });
  test('none in a JSON list, in other instructions, in <<<, in <<$(', () => {
    for (const line of ['RUN ["<<EOF"]', 'CMD <<EOF', 'RUN a <<<EOF', 'RUN echo $((1<<2))', "RUN echo 'a <<EOF'"]) assert.deepEqual(heredocs(line), [], line);
  });
  test('without an end', () => { assert.deepEqual(failure('FROM a\nRUN <<EOF\nx'), ['unterminated heredoc', [{ start: 2, end: 3 }]]); });
});

describe('errors', () => {
  test('have their place', () => {
    assert.deepEqual(failure('FROM a\nENV \\\n x'), ['ENV must have two arguments', [{ start: 2, end: 3 }]]);
    assert.deepEqual(failure('ENV a=b c')[0], 'Syntax error - can\'t find = in "c". Must be of the form: name=value');
    assert.deepEqual(failure('\n# x\n'), ['file with no instructions', []]);
  });
  test('are drawn with the lines around', () => {
    const text = 'FROM a\nRUN b\nBAD c\nRUN d\nRUN e\nRUN f';
    assert.equal(renderExcerpt({ file: 'Dockerfile', text, ranges: [{ start: 3, end: 3 }] }), [
      'Dockerfile:3', '--------------------', '   1 |     FROM a', '   2 |     RUN b', '   3 | >>> BAD c', '   4 |     RUN d', '   5 |     RUN e', '--------------------', ''].join('\n'));
    assert.equal(renderExcerpt({ file: 'D', text, ranges: [{ start: 1, end: 2 }] }).split('\n').length, 7);
    assert.equal(renderExcerpt({ file: 'D', text, ranges: [{ start: 9, end: 9 }] }), '');
    assert.equal(renderExcerpt({ file: 'D', text, ranges: [] }), '');
    assert.ok(renderExcerpt({ file: 'D', text: 'x'.repeat(10_000_000), ranges: [{ start: 1, end: 1 }] }).length < 1000);
  });
  test('ranges that touch become one', () => { assert.deepEqual(mergeRanges([{ start: 5, end: 6 }, { start: 1, end: 2 }, { start: 2, end: 3 }]), [{ start: 1, end: 3 }, { start: 5, end: 6 }]); });
});
