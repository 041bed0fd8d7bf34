import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../../src/core/base/errors.ts';
import { explainGiteaError } from '../../../../src/core/gitea/explainGiteaError.ts';
import { explainErrorResponse } from '../../../../src/core/registry/errors/explainErrorResponse.ts';
import type { RegistryRequest, RegistryResponse } from '../../../../src/core/registry/http/httpTypes.ts';
import { readErrorResponse } from '../../../../src/core/registry/errors/errorResponse.ts';

const context = { repository: 'team/app', attempt: 'store a blob' };

interface Case {
  readonly what: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly method?: RegistryRequest['method'];
  readonly code: ErrorCode;
  readonly pattern: RegExp;
}

const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain; charset=utf-8' };
const html = { 'content-type': 'text/html', server: 'nginx/1.22.1' };
const packageApi = { ...text, 'www-authenticate': 'Basic realm="Gitea Package API"' };
const error = (code: string, message = ''): string => JSON.stringify({ errors: [{ code, message }] });

const giteaCases: readonly Case[] = [
  {
    what: '401 reqPackageAccess',
    status: 401,
    headers: packageApi,
    body: 'reqPackageAccess',
    code: 'accessDenied',
    pattern: /“team”.*write:package/,
  },
  {
    what: '401 to a HEAD, which has only the challenge',
    status: 401,
    headers: packageApi,
    method: 'HEAD',
    code: 'accessDenied',
    pattern: /“team”/,
  },
  {
    what: '401 after a new login',
    status: 401,
    headers: text,
    body: 'authGroup.Verify',
    code: 'credentialsRejected',
    pattern: /authGroup\.Verify/,
  },
  {
    what: '404 Not found.',
    status: 404,
    headers: text,
    body: 'Not found.\n',
    code: 'ownerNotFound',
    pattern: /“team”/,
  },
  {
    what: '403 with pattern (public-only token)',
    status: 403,
    headers: text,
    body: 'reqToken',
    code: 'accessDenied',
    pattern: /reqToken/,
  },
  { what: '403 without a word', status: 403, code: 'quotaExceeded', pattern: /“team”/ },
  {
    what: 'Forgejo’s 413',
    status: 413,
    headers: text,
    body: 'enforcePackagesQuota',
    code: 'quotaExceeded',
    pattern: /quota.*enforcePackagesQuota/,
  },
  {
    what: 'a proxy’s 413',
    status: 413,
    headers: html,
    body: '<html><title>413 Request Entity Too Large</title></html>',
    code: 'bodyTooLarge',
    pattern: /nginx\/1\.22\.1.*client_max_body_size/,
  },
  {
    what: 'a manifest’s 413',
    status: 413,
    headers: json,
    body: error('MANIFEST_INVALID'),
    code: 'registryRefused',
    pattern: /10 MiB/,
  },
  {
    what: 'NAME_INVALID',
    status: 400,
    headers: json,
    body: error('NAME_INVALID'),
    code: 'nameInvalid',
    pattern: /team\/app/,
  },
  {
    what: 'SIZE_INVALID',
    status: 400,
    headers: json,
    body: error('SIZE_INVALID'),
    code: 'registryRefused',
    pattern: /another size/,
  },
  {
    what: 'BLOB_UNKNOWN',
    status: 404,
    headers: json,
    body: error('BLOB_UNKNOWN'),
    code: 'registryRefused',
    pattern: /does not have all/,
  },
  {
    what: 'MANIFEST_BLOB_UNKNOWN',
    status: 404,
    headers: json,
    body: error('MANIFEST_BLOB_UNKNOWN'),
    code: 'registryRefused',
    pattern: /does not have all/,
  },
  {
    what: 'MANIFEST_INVALID',
    status: 400,
    headers: json,
    body: error('MANIFEST_INVALID', 'missing mediaType'),
    code: 'registryRefused',
    pattern: /missing mediaType/,
  },
  {
    what: 'BLOB_UPLOAD_UNKNOWN',
    status: 404,
    headers: json,
    body: error('BLOB_UPLOAD_UNKNOWN'),
    code: 'uploadLost',
    pattern: /no longer has/,
  },
  {
    what: 'DIGEST_INVALID',
    status: 400,
    headers: json,
    body: error('DIGEST_INVALID'),
    code: 'digestMismatch',
    pattern: /other bytes/,
  },
  { what: 'an empty 500', status: 500, code: 'registryFailed', pattern: /storage/ },
  {
    what: 'a gateway’s 502',
    status: 502,
    headers: html,
    body: '<html><title>502 Bad Gateway</title></html>',
    code: 'registryFailed',
    pattern: /nginx.*502 Bad Gateway/,
  },
  {
    what: 'UNSUPPORTED',
    status: 400,
    headers: json,
    body: error('UNSUPPORTED', 'schema 1'),
    code: 'registryRefused',
    pattern: /400.*schema 1/,
  },
];

const genericCases: readonly Case[] = [
  {
    what: '401 for a token',
    status: 401,
    headers: { ...json, 'www-authenticate': 'Bearer realm="https://a/t",error="insufficient_scope"' },
    body: error('UNAUTHORIZED', 'authentication required'),
    code: 'accessDenied',
    pattern: /authentication required/,
  },
  {
    what: '401 for a password',
    status: 401,
    headers: { ...json, 'www-authenticate': 'Basic realm="r"' },
    code: 'credentialsRejected',
    pattern: /user name and password/,
  },
  {
    what: '403 DENIED',
    status: 403,
    headers: json,
    body: error('DENIED', 'requested access is denied'),
    code: 'accessDenied',
    pattern: /requested access is denied/,
  },
  {
    what: '429',
    status: 429,
    headers: json,
    body: error('TOOMANYREQUESTS', 'slow down'),
    code: 'registryFailed',
    pattern: /slow down/,
  },
  {
    what: '405 UNSUPPORTED',
    status: 405,
    headers: json,
    body: error('UNSUPPORTED', 'read-only'),
    code: 'registryRefused',
    pattern: /read-only/,
  },
];

function refusalOf({ status, headers = {}, body = '', method = 'PUT' }: Case): ReturnType<typeof readErrorResponse> {
  const response: RegistryResponse = {
    status,
    headers,
    body: Buffer.from(body),
    url: new URL('https://gitea.example.com/v2/team/app/blobs/uploads/x?digest=y'),
  };
  return readErrorResponse(response, method);
}

for (const [registry, cases, explain] of [
  ['Gitea', giteaCases, explainGiteaError],
  ['any registry', genericCases, explainErrorResponse],
] as const) {
  for (const each of cases) {
    test(`${registry}: ${each.what} means ${each.code}`, () => {
      const explained = explain(refusalOf(each), context);
      assert.equal(explained.code, each.code);
      assert.match(explained.message, each.pattern);
      assert.match(explained.message, /^.*gitea\.example\.com.*\.$/, 'a sentence that names the registry');
      assert.equal(explained.facts.status, each.status);
      assert.equal(explained.facts['path'], '/v2/team/app/blobs/uploads/x');
    });
  }
}

test('an error’s body is read up to 64 KiB and quoted in short', () => {
  const refusal = refusalOf({
    what: '',
    status: 400,
    headers: text,
    body: 'x'.repeat(1_000_000),
    code: 'internal',
    pattern: /x/,
  });
  assert.equal(refusal.bodyText.length, 64 * 1024);
  assert.ok(explainErrorResponse(refusal, context).message.length < 500);
});
