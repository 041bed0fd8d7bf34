import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { errorCodes } from '../../../src/core/base/errors.ts';

const page = await readFile(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');

test('the troubleshooting page has an entry for every error code, and no other', () => {
  const entries = page.split(/^#+ /m).map((section) => section.split('\n'));
  const codes = entries.flatMap(([heading = '', ...lines]) =>
    /^[a-z]+[a-zA-Z]*$/.test(heading) ? [{ code: heading, text: lines.join('\n').trim() }] : [],
  );
  assert.deepEqual(codes.map(({ code }) => code).sort(), [...errorCodes].sort());
  for (const { code, text } of codes) assert.ok(text.length > 40, `${code} says something`);
});

test('the anchors of the entries differ: a preview makes them from the headings in lower case', () => {
  const anchors = errorCodes.map((code) => code.toLowerCase());
  assert.equal(new Set(anchors).size, anchors.length);
});
