import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import { unicodeString } from '../../tools/unicodeString.ts';
import { fuzzCases } from '../../tools/fuzzCases.ts';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { explainGiteaError } from '../../../src/core/gitea/explainGiteaError.ts';
import { parseChallenges } from '../../../src/core/registry/auth/challenge.ts';
import { explainErrorResponse } from '../../../src/core/registry/errors/explainErrorResponse.ts';
import { parseResponse } from '../../../src/core/registry/manifests/manifests.ts';
import type { RegistryResponse } from '../../../src/core/registry/http/httpTypes.ts';
import { patchRefused } from '../../../src/core/registry/upload/patchRefusal.ts';
import { withRedirects } from '../../../src/core/registry/http/redirects.ts';
import { readErrorResponse } from '../../../src/core/registry/errors/errorResponse.ts';
import { describeDuration, retryAfter } from '../../../src/core/registry/http/retryAfter.ts';
import { uploadLocation } from '../../../src/core/registry/upload/uploadLocation.ts';
import { lastByte } from '../../../src/core/registry/upload/uploadSession.ts';

const origin = 'https://gitea.example.com';

function answer(status: number, headers: Record<string, string>, body = ''): RegistryResponse {
  return { status, headers, body: Buffer.from(body), url: new URL(`${origin}/v2/own/app/blobs/uploads/`) };
}

/** Text of the kind that these headers are made of, so that more than the first character is looked at. */
const pieces = (...texts: string[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.constantFrom(...texts), unicodeString(4)), { maxLength: 30 }).map((all) => all.join(''));

const challengeText = pieces(
  'Bearer',
  'Basic',
  ' ',
  ',',
  '=',
  '"',
  '\\',
  'realm="https://h/t"',
  'scope',
  'YII==',
  '\t',
);

describe('challenges', () => {
  test('whatever the header says, every value that is read is part of it', () => {
    fc.assert(
      fc.property(challengeText, (line) => {
        for (const { scheme, parameters } of parseChallenges({ 'www-authenticate': line })) {
          assert.match(scheme, /^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
          for (const name of Object.keys(parameters)) assert.match(name, /^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        }
      }),
      { numRuns: fuzzCases() },
    );
  });

  const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const parameters = fc.dictionary(token, fc.string({ unit: 'grapheme-ascii' }), {
    minKeys: 1,
    maxKeys: 4,
    noNullPrototype: true,
  });
  const challenge = fc.record({ scheme: token, parameters }, { noNullPrototype: true });

  test('what is written by the rules is read as it was meant', () => {
    const quote = (text: string): string => `"${text.replace(/[\\"]/g, String.raw`\$&`)}"`;
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const line = challenges
          .map(({ scheme, parameters: all }) => {
            const written = Object.entries(all).map(([name, value]) => `${name}=${quote(value)}`);
            return `${scheme} ${written.join(', ')}`;
          })
          .join(', ');
        assert.deepEqual(parseChallenges({ 'www-authenticate': line }), challenges);
      }),
    );
  });

  test('the longest headers are read in one go, whatever they repeat', () => {
    // A parser that goes back takes minutes for some of these: then this test does not end.
    const length = 400_000;
    for (const part of [',', ' ', 'a', 'a=', '=', '"', '\\', 'a="', ',a="', 'a ', ' =', 'a,', 'a="\\"', '\t,']) {
      parseChallenges({ 'www-authenticate': part.repeat(length / part.length) });
      parseChallenges({ 'www-authenticate': `Bearer x${part.repeat(length / part.length)};` });
    }
  });
});

describe('Location', () => {
  const locations = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    pieces(
      'https://',
      'http://',
      origin,
      '//',
      '/',
      '..',
      '?',
      '#',
      '@',
      ':',
      '[',
      'evil.example',
      '/v2/own/app',
      '\\',
    ),
  );

  test('an upload goes on at the registry’s own origin, or there is a clear error', () => {
    fc.assert(
      fc.property(locations, (location) => {
        try {
          assert.equal(uploadLocation(answer(202, { location }), origin).origin, origin);
        } catch (error) {
          assert.ok(error instanceof TeaChestError && error.code === 'registryRefused', String(error));
        }
      }),
      { numRuns: fuzzCases() },
    );
  });

  const secret = { authorization: 'Bearer secret' };

  test('a redirect sends nothing secret and no body elsewhere, and ends', async () => {
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE');
    await fc.assert(
      fc.asyncProperty(locations, method, fc.integer({ min: 300, max: 308 }), async (location, asked, status) => {
        let hops = 0;
        const follow = withRedirects(async (request) => {
          hops++;
          const isElsewhere = request.url.origin !== origin;
          if (isElsewhere) assert.ok(asked === 'GET' || asked === 'HEAD');
          if (isElsewhere) assert.equal(request.headers?.['authorization'], undefined);
          assert.equal(request.url.protocol, 'https:');
          return Promise.resolve(answer(status, { location }));
        }, origin);
        const { signal } = new AbortController();
        try {
          await follow({ method: asked, url: new URL(`${origin}/v2/`), headers: secret, signal });
        } catch (error) {
          assert.ok(error instanceof TeaChestError && error.code === 'registryRefused', String(error));
        }
        assert.ok(hops <= 6);
      }),
      { numRuns: fuzzCases() },
    );
  });
});

describe('Range and Retry-After', () => {
  test('a range is a last byte or nothing', () => {
    fc.assert(
      fc.property(pieces('bytes=', '0-', '-', '1', '99999999999999999999', ' '), (range) => {
        const last = lastByte(answer(202, { range }));
        assert.ok(last === undefined || last >= 0);
      }),
    );
    fc.assert(fc.property(fc.nat(), (last) => lastByte(answer(202, { range: `0-${last}` })) === last));
  });

  test('a wait is a number of milliseconds or nothing, and can be written out', () => {
    const values = fc.oneof(
      pieces('0', '9', 'Mon, ', '24 Nov 2026', '10:00:09', ' GMT', '-', '.', 'e'),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(values, values, (value, date) => {
        const wait = retryAfter(answer(429, { 'retry-after': value, date }), Date.now());
        if (wait === undefined) return;
        assert.ok(Number.isFinite(wait) && wait >= 0, String(wait));
        assert.match(describeDuration(wait), /^\d+ (?:second|seconds|minutes|hours|days)$/);
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('a wait is written as a person says it', () => {
    const durations = [0, 1000, 90_000, 120_000, 290_500, 7_200_000, 172_800_000].map(describeDuration);
    const expected = ['1 second', '1 second', '90 seconds', '2 minutes', '5 minutes', '2 hours', '2 days'];
    assert.deepEqual(durations, expected);
  });
});

describe('bodies of errors', () => {
  const bodies = fc.oneof(
    pieces(
      '{"errors":',
      '[',
      ']',
      '{',
      '}',
      '"code":',
      '"DENIED"',
      ',',
      '"message":',
      'null',
      '<html>',
      '<title>',
      '7',
    ),
    fc.json(),
    fc.anything().map((value) => {
      const errors: unknown = [value, { code: value, message: value }];
      try {
        return JSON.stringify({ errors, message: value });
      } catch {
        return '';
      }
    }),
    unicodeString(),
  );
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE');

  test('any of them becomes one sentence of bounded length with a code', () => {
    fc.assert(
      fc.property(bodies, fc.integer({ min: 400, max: 599 }), methods, (body, status, method) => {
        const response = answer(status, { 'content-type': 'application/json' }, body);
        const refusal = readErrorResponse(response, method);
        const context = { repository: 'own/app', attempt: 'store a layer of own/app' };
        for (const explain of [explainErrorResponse, explainGiteaError]) {
          const { message, code } = explain(refusal, context);
          assert.notEqual(code, 'internal');
          assert.ok(message.length < 1500 && !/[\r\n]/.test(message), message);
        }
        const chunks = patchRefused(response);
        assert.ok(chunks === undefined || chunks.code === 'chunksRefused');
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('large ones are no trouble', () => {
    const length = 1_000_000;
    for (const part of ['[', '{"a":', '<title>', ' ', '\n', '"', '<', 'é', '{"errors":[{"code":"']) {
      const refusal = readErrorResponse(answer(500, {}, part.repeat(length / part.length)), 'PUT');
      const { message } = explainErrorResponse(refusal, { repository: 'own/app', attempt: 'x' });
      assert.ok(message.length < 1500);
    }
    const many = JSON.stringify({ errors: Array.from({ length: 60 }, () => ({ code: 'C'.repeat(500) })) });
    assert.ok(
      explainErrorResponse(readErrorResponse(answer(400, {}, many), 'PUT'), { repository: 'a', attempt: 'x' }).message
        .length < 1500,
    );
  });

  test('an answer that must be an object is one, or a clear error', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          assert.equal(typeof parseResponse(v.object({}), answer(200, {}, body)), 'object');
        } catch (error) {
          assert.ok(error instanceof TeaChestError && error.code === 'notARegistry', String(error));
        }
      }),
    );
  });
});
