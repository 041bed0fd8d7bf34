import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { formatImageReference, parseImageReference } from '../../../src/core/oci/imageReference.ts';

const digest = digestOf(Buffer.from(''));

describe('image references', () => {
  const good: [string, string | undefined, string, string | undefined, string | undefined][] = [
    ['app', undefined, 'app', undefined, undefined],
    ['app:1', undefined, 'app', '1', undefined],
    ['team/app:1', undefined, 'team/app', '1', undefined],
    ['localhost/app', 'localhost', 'app', undefined, undefined],
    ['localhost:3000/team/app:v1.2', 'localhost:3000', 'team/app', 'v1.2', undefined],
    ['gitea.example.com/team/a/b/c', 'gitea.example.com', 'team/a/b/c', undefined, undefined],
    ['[::1]:3000/team/app:x', '[::1]:3000', 'team/app', 'x', undefined],
    [`app@${digest}`, undefined, 'app', undefined, digest],
    [`127.0.0.1:5000/app:1@${digest}`, '127.0.0.1:5000', 'app', '1', digest],
    ['Team/app', undefined, 'Team/app', undefined, undefined],
  ];
  for (const [text, registry, repository, tag, at] of good) {
    it(`reads ${text} and writes it the same`, () => {
      const reference = parseImageReference(text);
      assert.deepEqual(reference, { registry, repository, tag, digest: at });
      assert.equal(formatImageReference(reference), text);
    });
  }

  for (const text of [
    '',
    ' app',
    'app:',
    'app:a b',
    'app@sha256:12',
    'app//x',
    '/app',
    'host.x:99999999/app',
    'a:b:c/d',
    'app:' + 'x'.repeat(129),
  ]) {
    it(`rejects “${text.slice(0, 20)}” and says why`, () => {
      assert.throws(() => parseImageReference(text), {
        code: 'referenceInvalid',
        message: /is not an image reference: .+\.$/,
      });
    });
  }
});
