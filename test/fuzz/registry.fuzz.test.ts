import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../tools/unicodeString.ts';
import { TeaChestError } from '../../src/core/base/errors.ts';
import { GiteaApi } from '../../src/core/gitea/giteaApi.ts';
import { allRows, PackagesApi } from '../../src/core/gitea/packagesApi.ts';
import { RestClient } from '../../src/core/gitea/restClient.ts';
import { detectServer } from '../../src/core/gitea/detectServer.ts';
import { giteaScheme } from '../../src/core/gitea/giteaTokens.ts';
import { explainGiteaError } from '../../src/core/gitea/explainGiteaError.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { bytesSource } from '../../src/core/ports/blobSource.ts';
import { parseChallenges } from '../../src/core/registry/auth/challenge.ts';
import { ChunkSizer } from '../../src/core/registry/upload/chunkSizer.ts';
import { distributionScheme } from '../../src/core/registry/auth/distributionScheme.ts';
import { explainErrorResponse } from '../../src/core/registry/errors/explainErrorResponse.ts';
import { lifetimeClaims, lifetimeOf, readJwtClaims } from '../../src/core/registry/auth/jwt.ts';
import type { RegistryResponse, Send } from '../../src/core/registry/http/httpTypes.ts';
import { readErrorResponse } from '../../src/core/registry/errors/errorResponse.ts';
import { parseRegistryAddress } from '../../src/core/registry/registryAddress.ts';
import { Repository } from '../../src/core/registry/repository.ts';
import { uploadLocation } from '../../src/core/registry/upload/uploadLocation.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { holds, resultOrError, someText } from './support.ts';

const { signal } = new AbortController();
const url = new URL('https://gitea.test/v2/dev/app/manifests/1');
const parameter = fc.stringMatching(/^[a-z]{1,8}$/);
const quotable = fc.string().filter((text) => !/[\r\n]/.test(text));

const headerValue = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.constantFrom(
    'text/html',
    'application/json',
    '0',
    '-1',
    '99999999999999999999',
    '0-99',
    `sha256:${'0'.repeat(64)}`,
  ),
  fc.constantFrom(
    '/v2/dev/app/blobs/uploads/x',
    'https://other.test/x',
    '//other.test/x',
    'http://gitea.test/v2/',
    'https://[',
    '',
  ),
  fc.constantFrom('Bearer realm="https://gitea.test/v2/token",service="container_registry"', 'Basic', 'Bearer realm=x'),
);
const headerName = fc.constantFrom(
  ...[
    'www-authenticate',
    'location',
    'range',
    'content-length',
    'content-type',
    'docker-content-digest',
    'retry-after',
  ],
  ...['server', 'link', 'x-total-count', 'docker-distribution-api-version', 'docker-upload-uuid', 'date'],
);
const body = fc.oneof(
  someText,
  fc
    .dictionary(
      fc.constantFrom('errors', 'token', 'access_token', 'tags', 'name', 'message', 'login', 'version', 'expires_in'),
      fc.jsonValue(),
    )
    .map((value) => JSON.stringify(value)),
  fc
    .array(
      fc.dictionary(fc.constantFrom('id', 'owner', 'name', 'version', 'units_map', 'organization'), fc.jsonValue()),
    )
    .map((value) => JSON.stringify(value)),
);
const response: fc.Arbitrary<RegistryResponse> = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 201, 202, 204, 400, 401, 403, 404, 413, 429, 500),
    fc.integer({ min: 100, max: 599 }),
  ),
  headers: fc.dictionary(headerName, fc.oneof(headerValue, fc.array(headerValue, { maxLength: 3 }))),
  body: body.map((text) => Buffer.from(text)),
  url: fc.constant(url),
});

/** Gives the answers in turn, again and again, up to a limit: a client that asks without end fails. */
function answering(answers: readonly RegistryResponse[], most = 3000): Send {
  let asked = 0;
  return (request) => {
    if (++asked > most) throw new Error(`it asked more than ${most} times`);
    const answer = answers[asked % answers.length] ?? assert.fail();
    return Promise.resolve({ ...answer, url: request.url });
  };
}

const answers = fc.array(response, { minLength: 1, maxLength: 6 });

describe('a challenge', () => {
  it('gives back its parameters, several in one header and with every character', async () => {
    const challenge = fc.record(
      {
        scheme: fc.constantFrom('bearer', 'basic', 'negotiate'),
        parameters: fc.dictionary(parameter, quotable, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      },
      { noNullPrototype: true },
    );
    await holds(fc.array(challenge, { minLength: 1, maxLength: 4 }), (list) => {
      const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
      const line = list
        .map(({ scheme, parameters }) => {
          const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${quote(value)}`);
          return `${scheme} ${pairs.join(', ')}`;
        })
        .join(', ');
      assert.deepEqual(parseChallenges({ 'www-authenticate': line }), list);
    });
  });

  it('of any kind is read in good time', async () => {
    const repeated = fc.tuple(fc.string({ maxLength: 6 }), fc.nat(4000)).map(([text, count]) => text.repeat(count));
    await holds(fc.oneof(repeated, unicodeString(), headerValue), (line) => {
      for (const { scheme } of parseChallenges({ 'www-authenticate': line }))
        assert.equal(scheme, scheme.toLowerCase());
    });
  });
});

describe('an answer of a registry', () => {
  it('that refuses becomes a sentence, in each dialect', async () => {
    await holds(fc.tuple(response, fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH')), ([answer, method]) => {
      const refusal = readErrorResponse(answer, method);
      for (const explain of [explainErrorResponse, explainGiteaError]) {
        const error = explain(refusal, { repository: 'dev/app', attempt: 'store a layer' });
        assert(error instanceof TeaChestError);
        assert(error.message.includes('gitea.test') && error.message.length < 1500, error.message);
      }
    });
  });

  it('gives an upload URL at the registry’s own origin, or none', async () => {
    await holds(response, async (answer) => {
      const found = await resultOrError(() => uploadLocation(answer, 'https://gitea.test'));
      if (!(found instanceof Error)) assert.equal(found.origin, 'https://gitea.test');
    });
  });

  it('with a token of any kind gives its claims or none', async () => {
    const jwt = someText.map((text) => `a.${Buffer.from(text).toString('base64url')}.c`);
    await holds(fc.oneof(jwt, fc.string()), (token) => {
      const claims = readJwtClaims(lifetimeClaims, token);
      if (claims !== undefined) assert((lifetimeOf(claims) ?? 1) > 0);
    });
  });

  it('leads every question about a repository to a result or a clear error', async () => {
    const kind = fc.constantFrom('gitea' as const, 'generic' as const);
    await holds(fc.tuple(kind, answers), async ([type, list]) => {
      const repository = openRepository(type, answering(list));
      const digest = digestOf(Buffer.from('x'));
      const questions = [
        () => repository.checkAccess({ signal }),
        () => repository.headManifest('1', { signal }),
        () => repository.getManifest('1', { signal }),
        () => repository.getBlob(digest, { signal }),
        () => repository.headBlob(digest, { signal }),
        () => repository.mountBlob(digest, 'dev/other', { signal }),
        () => repository.listTags({ signal }),
        () => repository.uploadBlob(bytesSource(Buffer.from('x'), digest), { signal, onSent: () => undefined }),
        () => repository.putManifest('1', Buffer.from('{}'), 'application/json', { signal }),
      ];
      for (const question of questions) await resultOrError<unknown>(question);
    });
  });

  it('leads a sign-in to a token or a clear error', async () => {
    await holds(answers, async (list) => {
      const credential = () => Promise.resolve({ username: 'dev', secret: 'secret of dev' });
      const parts = { origin: 'https://gitea.test', credential };
      const webRoot = () => Promise.resolve('https://gitea.test');
      const gitea = giteaScheme({ ...parts, send: answering(list), webRoot });
      const challenges = parseChallenges(list[0]?.headers ?? {});
      const scheme = await resultOrError(() => distributionScheme(challenges, { ...parts, send: answering(list) }));
      for (const one of [gitea, scheme]) {
        if (one instanceof Error || one.kind !== 'bearer') continue;
        const token = await resultOrError(() => one.fetchToken(['repository:dev/app:pull'], { signal }));
        if (token instanceof Error) assert(!token.message.includes('secret of dev'));
      }
    });
  });

  it('leads detection and the REST API to a result or a clear error', async () => {
    await holds(answers, async (list) => {
      const address = parseRegistryAddress('https://gitea.test/sub');
      await resultOrError(() => detectServer({ send: answering(list), address, signal }));
      const credential = () => Promise.resolve({ username: 'dev', secret: 'x' });
      const webRoot = () => Promise.resolve('https://gitea.test');
      const rest = new RestClient({ send: answering(list), webRoot, credential });
      await resultOrError<unknown>(() => new GiteaApi(rest, credential).ownOwners({ signal }));
      const packages = new PackagesApi(rest);
      const id = { owner: 'dev', name: 'app' };
      await resultOrError<unknown>(() => allRows(packages.versions('dev', { signal })));
      await resultOrError<unknown>(() => allRows(packages.versionsOf(id, { signal })));
      await resultOrError<unknown>(() => packages.deleteVersion(id, 'v1', { signal }));
      await resultOrError<unknown>(() => packages.link(id, 'repo', { signal }));
    });
  });
});

function openRepository(kind: 'gitea' | 'generic', send: Send): Repository {
  const explain = kind === 'gitea' ? explainGiteaError : explainErrorResponse;
  const timing = { now: () => 0, random: () => 0.5, sleep: () => Promise.resolve() };
  const repository = { repository: 'dev/app', origin: 'https://gitea.test', unclosed: new Set<string>() };
  const context = { ...repository, send, explain, logger: silentLogger, timing };
  return new Repository(kind, context, new ChunkSizer('https://gitea.test', new Map()));
}
