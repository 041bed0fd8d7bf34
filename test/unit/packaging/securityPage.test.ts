import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../tools/projectPaths.ts';

/** A file of the project, and a text in it. */
const mention = /`([\w./-]+\.(?:ts|json))` “([^”]+)”/g;

test('every test that the page on security names is there', async () => {
  const page = await readFile(join(projectRoot, 'docs/security.md'), 'utf8');
  const mentions = [...page.matchAll(mention)];
  assert(mentions.length > 20, `${mentions.length} tests are named`);
  for (const [, file = '', title = ''] of mentions) {
    const text = await readFile(join(projectRoot, file), 'utf8');
    assert(text.includes(title), `${file} has “${title}”`);
  }
});

test('every threat has a test, or says why not', async () => {
  const page = await readFile(join(projectRoot, 'docs/security.md'), 'utf8');
  const [threats = ''] = page.split('## What we do not protect against');
  const rows = threats.split('\n').filter((line) => /^\| (?!threat|-)/.test(line));
  assert(rows.length > 20);
  for (const row of rows) {
    const [, , , shown = ''] = row.split('|');
    assert.match(shown, /`[\w./-]+`|none: .+/, row);
  }
});
