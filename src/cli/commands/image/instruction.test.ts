import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instruction } from './instruction.ts';

test("a step's words become the line of the Dockerfile", () => {
  for (const [createdBy, line] of [
    ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'], ['/bin/sh -c #(nop) ADD file:12 in / ', 'ADD file:12 in /'], ['/bin/sh -c apt-get update', 'RUN apt-get update'],
    ['RUN /bin/sh -c make   all # buildkit', 'RUN make all'], ['|1 VERSION=2 /bin/sh -c echo $VERSION', 'RUN echo $VERSION'], ['RUN |1 A=b /bin/sh -c true # buildkit', 'RUN true'],
    ['COPY /a /b # buildkit', 'COPY /a /b'], ['umoci insert', 'umoci insert'], ['', 'imported'],
  ] as const) assert.equal(instruction(createdBy, createdBy === '' ? 'imported' : ''), line);
  assert.equal(instruction('', ''), '<unknown>');
});
