import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableUrl } from '../../../../src/core/registry/http/logging.ts';

test('a logged address keeps what is useful and hides what might be a secret', () => {
  const url = new URL('https://h/v2/a/b/blobs/uploads/x?_state=abc&digest=sha256:1&token=t0p');
  assert.equal(printableUrl(url), 'https://h/v2/a/b/blobs/uploads/x?_state=…&digest=sha256:1&token=…');
});
