import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { readLink } from '../../../../src/host/automation/readLink.ts';

suite('a link to the extension', () => {
  test('opens a sign-in for an address', () => {
    assert.deepEqual(readLink('/sign-in', 'url=https://gitea.test:3000/sub/'), {
      kind: 'sign-in',
      address: { origin: 'https://gitea.test:3000', host: 'gitea.test:3000', webRoot: 'https://gitea.test:3000/sub' },
    });
    assert.equal(readLink('/sign-in/', 'url=gitea.test').kind, 'sign-in');
  });

  test('opens a push for an image, with a target or without', () => {
    const target = { host: 'gitea.test', repository: 'dev/app', tag: '1' };
    assert.deepEqual(readLink('/push', 'image=app:1&target=gitea.test/dev/app:1'), {
      ...{ kind: 'push', image: 'app:1', target },
    });
    assert.deepEqual(readLink('/push', 'image=app'), { kind: 'push', image: 'app:latest', target: undefined });
  });

  test('with a secret is refused, and the secret is not quoted', () => {
    for (const query of [
      'url=https://gitea.test&token=s3cret',
      'url=https://gitea.test&Password=s3cret',
      'url=https://gitea.test&access_token=s3cret',
      'url=https://gitea.test/?api_key=s3cret',
      'url=https://gitea.test/#token=s3cret',
      'url=https://gitea.test&username=dev&secret=s3cret',
    ]) {
      assert.throws(
        () => readLink('/sign-in', query),
        (error) => {
          assert.ok(error instanceof TeaChestError);
          assert.match(error.message, /has a secret in it, so it was not followed/);
          assert.ok(!error.message.includes('s3cret'));
          return true;
        },
      );
    }
    for (const [path, query] of [
      ['/sign-in', 'url=https://dev:s3cret@gitea.test'],
      ['/push', 'image=app:1&target=https://dev:s3cret@gitea.test/dev/app:1'],
    ] as const) {
      assert.throws(
        () => readLink(path, query),
        (error) => error instanceof TeaChestError && !error.message.includes('s3cret'),
      );
    }
  });

  test('with anything else is refused', () => {
    for (const [path, query, message] of [
      ['/', '', /does not offer/],
      ['/push-now', 'image=app:1', /does not offer/],
      ['/sign-in', '', /takes “url” alone/],
      ['/sign-in', 'url=https://a.test&url=https://b.test', /twice/],
      ['/sign-in', 'url=https://a.test&trustFingerprint=ab', /takes “url” alone/],
      ['/sign-in', 'url=javascript:alert(1)', /host|https/],
      ['/sign-in', 'url=file:///etc/passwd', /https:\/\/ or http:\/\//],
      ['/push', 'target=gitea.test/dev/app', /takes “image”/],
      ['/push', 'image=app:1&strategy=relay', /takes “image”/],
      ['/push', 'image=a b', /not an image reference/],
      ['/push', `image=${'a'.repeat(2_000)}`, /takes “image”/],
      ['/push', 'image=app:1&target=app:1', /not a target/],
    ] as const) {
      assert.throws(() => readLink(path, query), { name: 'TeaChestError', message }, `${path}?${query}`);
    }
  });

  test('of any text is read or refused with an error of ours', () => {
    const path = fc.oneof(fc.constantFrom('/push', '/sign-in'), fc.string());
    const query = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.constantFrom('url', 'image', 'target'), fc.string()).map(([name, text]) => `${name}=${text}`),
    );
    fc.assert(
      fc.property(path, query, (one, other) => {
        try {
          assert.ok(['push', 'sign-in'].includes(readLink(one, other).kind));
        } catch (error) {
          assert.ok(error instanceof TeaChestError, String(error));
        }
      }),
    );
  });
});
