import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiateType } from './content-type.ts';

test('the type that the client likes best', () => {
  const offers = ['application/jsonl', 'application/x-ndjson', 'application/json-seq'] as const;
  const chosen = (accept: string | undefined): string => negotiateType(accept, offers);
  assert.equal(chosen(undefined), 'application/jsonl');
  assert.equal(chosen('*/*'), 'application/jsonl');
  assert.equal(chosen('text/html'), 'application/jsonl');
  assert.equal(chosen('application/x-ndjson'), 'application/x-ndjson');
  assert.equal(chosen('application/x-ndjson;q=0.5, application/json-seq'), 'application/json-seq');
  assert.equal(chosen('*/*, application/json-seq'), 'application/json-seq');
  assert.equal(chosen('application/jsonl;q=0, application/*;q=0.1'), 'application/jsonl');
  assert.equal(chosen(';;;q=,,q=x'), 'application/jsonl');
});
