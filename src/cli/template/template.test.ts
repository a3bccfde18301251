import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Template, TemplateExecutionError, TemplateSyntaxError } from './template.ts';

const DATA = {
  Name: 'web', Count: 3, Ratio: 1.5, Yes: true, Empty: '', List: ['a', 'b'], None: null, Map: { b: 2, a: 1 }, Deep: { Er: { Still: 'x' } }, Html: '<&>',
  Method: (name: unknown) => `called with ${String(name)}`, Ports: { '80/tcp': [{ HostPort: '8080' }] },
};

describe('templates', () => {
  const cases: readonly [string, string][] = [
    ['plain', 'plain'], ['{{.Name}}', 'web'], ['{{ .Name -}}  x', 'webx'], ['x  {{- .Name }}', 'xweb'], ['{{/* no */}}{{.Count}}', '3'], ['{{.Ratio}} {{.Yes}}', '1.5 true'],
    ['{{.List}} {{.Map}}', '[a b] map[a:1 b:2]'], ['{{.None}}', '<no value>'], ['{{.Deep.Er.Still}}', 'x'], ['{{json .Map}} {{json .Html}}', '{"b":2,"a":1} "\\u003c\\u0026\\u003e"'],
    ['{{range .List}}[{{.}}]{{end}}', '[a][b]'], ['{{range $i, $v := .List}}{{$i}}={{$v}};{{end}}', '0=a;1=b;'], ['{{range $k, $v := .Map}}{{$k}}{{$v}}{{end}}', 'a1b2'], ['{{range .Empty2}}x{{else}}none{{end}}', 'none'],
    ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'], ['{{range .List}}{{if eq . "a"}}{{continue}}{{end}}{{.}}{{end}}', 'b'],
    ['{{if .Empty}}a{{else if .Yes}}b{{else}}c{{end}}', 'b'], ['{{with .Deep}}{{.Er.Still}}{{$.Name}}{{end}}', 'xweb'], ['{{$x := .Name}}{{$x}}{{$x = "y"}}{{$x}}', 'weby'],
    ['{{index .List 1}} {{index .Map "a"}} {{(index (index .Ports "80/tcp") 0).HostPort}}', 'b 1 8080'], ['{{len .List}} {{len .Name}}', '2 3'], ['{{.Method "z"}}', 'called with z'],
    ['{{.Name | upper | printf "%s!"}}', 'WEB!'], ['{{printf "%-6s|%5d|%q|%v|%05.1f|%x|%%" .Name .Count .Name .List .Ratio .Name}}', 'web   |    3|"web"|[a b]|001.5|776562|%'],
    ['{{eq .Name "a" "web"}} {{ne .Count 3}} {{lt 1 2}} {{ge 1 2}}', 'true false true false'], ['{{and .Yes .Name}} {{or .Empty "x"}} {{not .Yes}}', 'web x false'],
    ['{{join .List ","}} {{split "a,b" ","}} {{title "hello world"}} {{lower "AB"}} {{truncate "abcdef" 3}} {{pad "x" 1 2}}|', 'a,b [a b] Hello World ab abc  x  |'],
    ['{{println "a" 1}}', 'a 1\n'], ['{{print 1 2 "a" "b"}}', '1 2ab'], ['{{`raw`}}{{"q\\n"}}', 'rawq\n'], ['{{slice "abcdef" 1 3}}', 'bc'], ['{{html "<a>"}}', '&lt;a&gt;'],
  ];
  for (const [source, expected] of cases) test(source, () => { assert.equal(new Template(source).execute(DATA), expected); });

  const syntax: readonly [string, string][] = [
    ['{{', ':1: unclosed action'], ['{{.Name', ':1: unclosed action'], ['{{nope .}}', ':1: function "nope" not defined'], ['{{if .Name}}', ':1: unexpected EOF'], ['{{end}}', ':1: unexpected {{end}}'],
    ['{{}}', ':1: missing value for command'], ['\n{{(.Name}}', ':2: unclosed left paren'], ['{{break}}', ':1: {{break}} outside {{range}}'],
  ];
  for (const [source, message] of syntax) test(`syntax: ${source}`, () => { assert.throws(() => new Template(source), (error) => error instanceof TemplateSyntaxError && error.message === message); });

  test('errors name the place and the part', () => {
    const missing = (name: string): string => `map has no entry for key ${JSON.stringify(name)}`;
    assert.throws(() => new Template('a {{.Nope.X}}').execute(DATA, { missing }), (error) => error instanceof TemplateExecutionError && error.message === 'template: :1:4: executing "" at <.Nope>: map has no entry for key "Nope"');
    assert.throws(() => new Template('{{.Name.X}}').execute(DATA), /can't evaluate field X/);
    assert.throws(() => new Template('{{index .List 9}}').execute(DATA), /error calling index: index out of range: 9/);
    assert.throws(() => new Template('{{.constructor}}').execute(DATA, { missing }), /no entry for key "constructor"/);
  });

  test('any text is read or refused, and never breaks the reader', () => {
    const pieces = ['{{', '}}', '.Name', ' ', '"', '|', '(', ')', 'if', 'range', 'end', 'else', '$x', ':=', 'json', '-', '`', '3', ',', 'x'];
    let seed = 7;
    const random = (): number => { seed = (seed * 48_271) % 2_147_483_647; return seed; };
    for (let round = 0; round < 3000; round += 1) {
      const source = Array.from({ length: random() % 9 }, () => pieces[random() % pieces.length] ?? '').join('');
      try {
        new Template(source).execute(DATA);
      } catch (error) {
        assert.ok(error instanceof TemplateSyntaxError || error instanceof TemplateExecutionError, `${source}: ${String(error)}`);
      }
    }
  });
});
