import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../../tools/unicodeString.ts';
import { fuzzCases } from '../../tools/fuzzCases.ts';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { GiteaApi } from '../../../src/core/gitea/giteaApi.ts';
import { allRows, PackagesApi } from '../../../src/core/gitea/packagesApi.ts';
import { RestClient } from '../../../src/core/gitea/restClient.ts';
import { detectServer } from '../../../src/core/gitea/detectServer.ts';
import { requestGiteaToken } from '../../../src/core/gitea/giteaTokens.ts';
import { checkImageName, checkOwner, checkTag, checkTarget } from '../../../src/core/gitea/checkTarget.ts';
import { nearestName } from '../../../src/core/gitea/nearestName.ts';
import { readPastedTarget } from '../../../src/core/gitea/readPastedTarget.ts';
import { packageUrl } from '../../../src/core/gitea/webUrls.ts';
import { isDigest } from '../../../src/core/oci/digest.ts';
import { isTag } from '../../../src/core/oci/imageReference.ts';
import type { RegistryResponse, Send } from '../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { never } from './testClient.ts';

const origin = 'https://gitea.example.com';
const call = { signal: never };
const credential = async (): Promise<{ username: string; secret: string }> =>
  Promise.resolve({ username: 'dev', secret: 'a secret of mine' });

/** Any bytes, any JSON, and JSON that has the fields that are looked for, with anything in them. */
const anyText = fc.oneof(fc.string(), unicodeString(), fc.constantFrom('app', 'v1', 'write', 'dev', 'all'));
const anyValue = fc.oneof(anyText, fc.jsonValue());
const anyRow = fc.record(
  {
    id: anyValue,
    name: anyValue,
    version: anyValue,
    created_at: anyValue,
    html_url: anyValue,
    owner: fc.oneof(anyValue, fc.record({ login: anyValue })),
    login: anyValue,
    username: anyValue,
    visibility: anyValue,
    permission: anyValue,
    units_map: fc.oneof(anyValue, fc.record({ 'repo.packages': anyValue })),
    organization: fc.oneof(anyValue, fc.record({ username: anyValue, name: anyValue, visibility: anyValue })),
    message: anyValue,
    errors: anyValue,
    token: anyValue,
  },
  { requiredKeys: [] },
);
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .oneof(anyRow, fc.array(anyRow, { maxLength: 5 }), fc.jsonValue())
    .map((value) => Buffer.from(JSON.stringify(value))),
  fc.array(anyRow, { minLength: 1, maxLength: 3 }).map((rows) => Buffer.from(JSON.stringify(rows).slice(0, -2))),
);
const anyStatus = fc.constantFrom(200, 200, 200, 201, 204, 302, 307, 400, 401, 403, 404, 418, 429, 500, 502, 503);
const anyHeader = fc.constantFrom(
  {},
  { 'content-type': 'text/html' },
  { 'content-type': 'application/json', 'x-total-count': 'many' },
  { 'x-total-count': '-1' },
  { location: 'https://evil.test/login' },
  { location: 'http://[' },
  { 'retry-after': 'soon' },
  { 'www-authenticate': 'Bearer realm="https://x/v2/token",service="container_registry"' },
  { 'www-authenticate': ', , Bearer =' },
);
const anyAnswer = fc.record({ status: anyStatus, headers: anyHeader, body: anyBody });
type Answer = Pick<RegistryResponse, 'status' | 'headers' | 'body'>;

/** Answers one after another, the last one for ever; notes where credentials went. */
function answering(answers: readonly Answer[]): { send: Send; secretsTo: Set<string> } {
  let asked = 0;
  const secretsTo = new Set<string>();
  const send: Send = async ({ url, headers }) => {
    if (headers?.['authorization'] !== undefined) secretsTo.add(url.origin);
    const answer = answers[Math.min(asked++, answers.length - 1)];
    assert.ok(answer !== undefined);
    return Promise.resolve({ ...answer, url });
  };
  return { send, secretsTo };
}

/** A right result, or an error that a person can read and that holds no secret. */
async function readable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    assert.ok(error instanceof TeaChestError, String(error));
    assert.notEqual(error.code, 'internal');
    assert.ok(error.message.length > 10 && error.message.length < 1500, error.message);
    assert.ok(!JSON.stringify([error.message, error.facts]).includes('a secret of mine'));
    return undefined;
  }
}

function apiOf(answers: readonly Answer[]): { api: GiteaApi; packages: PackagesApi; secretsTo: Set<string> } {
  const { send, secretsTo } = answering(answers);
  const rest = new RestClient({ send, webRoot: async () => Promise.resolve(origin), credential });
  return { api: new GiteaApi(rest, credential), packages: new PackagesApi(rest), secretsTo };
}

suite('whatever the REST API answers', () => {
  test('a list of packages names only what a reference can name, or there is an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAnswer, { minLength: 1, maxLength: 3 }), async (answers) => {
        const { packages, secretsTo } = apiOf(answers);
        for (const row of (await readable(allRows(packages.versions('dev', call)))) ?? []) {
          assert.ok(row.owner === 'dev' && Number.isSafeInteger(row.id));
          assert.ok(row.createdAt === undefined || !Number.isNaN(Date.parse(row.createdAt)));
          assert.ok(row.usable || row.name === '' || row.version === '');
          assert.ok(row.name === '' || checkImageName(row.name).ok);
          assert.ok(row.version === '' || isTag(row.version) || isDigest(row.version));
          assert.match(row.repository ?? 'none', /^[\w.-]{1,100}$/);
          assert.match(row.creator ?? 'none', /^[\w.+~-]{1,255}$/);
          if (!row.usable) continue;
          const page = new URL(packageUrl(origin, { owner: row.owner, name: row.name, tag: row.version }));
          assert.equal(page.origin, origin);
          assert.ok(page.pathname.startsWith('/dev/-/packages/container/'));
        }
        assert.deepEqual([...secretsTo], [origin]);
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('owners are names that a reference can have, each once, and the visibility one of three', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAnswer, { minLength: 1, maxLength: 3 }), async (answers) => {
        const { owners = [] } = (await readable(apiOf(answers).api.ownOwners(call))) ?? {};
        for (const { name, visibility } of owners) {
          assert.deepEqual(checkOwner(name), { ok: true, value: name });
          assert.ok([undefined, 'public', 'limited', 'private'].includes(visibility));
        }
        const organizations = owners.filter(({ kind }) => kind === 'organization').map(({ name }) => name);
        assert.equal(new Set(organizations).size, organizations.length);
        await readable(apiOf(answers).api.visibilityOf('dev', call));
        await readable(apiOf(answers).api.currentUser(call));
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('an invalid row hides no valid one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 5 }), fc.nat({ max: 5 }), async (rows, at) => {
        const good = { name: 'good/app', version: 'v1' };
        const body = Buffer.from(JSON.stringify([...rows.slice(0, at), good, ...rows.slice(at)]));
        const { packages } = apiOf([{ status: 200, headers: {}, body }]);
        assert.ok((await allRows(packages.versions('dev', call))).some(({ name }) => name === good.name));
      }),
      { numRuns: fuzzCases() },
    );
  });
});

suite('whatever answers at sign-in', () => {
  test('a server is recognized or rejected with a sentence, and gets no credential', async () => {
    const address = parseRegistryAddress(`${origin}/gitea/dev`);
    await fc.assert(
      fc.asyncProperty(fc.array(anyAnswer, { minLength: 1, maxLength: 4 }), async (answers) => {
        const { send, secretsTo } = answering(answers);
        const found = await readable(detectServer({ send, address, signal: never }));
        assert.ok(found === undefined || found.webRoot.startsWith(origin));
        assert.equal(secretsTo.size, 0);
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('a token is valid, or rejected with a sentence; the credential goes to the registry alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAnswer, { minLength: 1, maxLength: 3 }), async (answers) => {
        const { send, secretsTo } = answering(answers);
        const webRoot = async (): Promise<string> => Promise.resolve(origin);
        const token = await readable(requestGiteaToken({ send, origin, webRoot, credential }, call));
        assert.ok(token === undefined || (typeof token.value === 'string' && token.value !== ''));
        assert.deepEqual([...secretsTo], [origin]);
      }),
      { numRuns: fuzzCases() },
    );
  });
});

suite('whatever is typed', () => {
  const typed = fc.oneof(
    fc.string(),
    unicodeString(),
    fc.string({ unit: fc.constantFrom('a', 'B', '9', '.', '_', '-', '/', ':', ' ', '%', 'ü') }),
  );

  test('a name that is accepted is in Gitea’s grammar, and so is every suggestion', () => {
    const grammar = /^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/; // container.go imageNamePattern
    fc.assert(
      fc.property(typed, (text) => {
        const check = checkImageName(text);
        assert.equal(check.ok, grammar.test(text));
        if (!check.ok && check.suggestion !== undefined) assert.match(check.suggestion, grammar);
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('a tag that is accepted is one in lower case, and so is every suggestion', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const check = checkTag(text);
        const value = check.ok ? check.value : check.suggestion;
        assert.ok(value === undefined || (isTag(value) && value === value.toLowerCase()));
      }),
      { numRuns: fuzzCases() },
    );
  });

  test('a target that is accepted fits one reference; an owner is never exchanged for another', () => {
    fc.assert(
      fc.property(typed, typed, typed, (owner, name, tag) => {
        const check = checkTarget({ owner, name, tag }, 'gitea.example.com');
        const value = check.ok ? check.value : check.suggestion;
        if (value === undefined) return;
        assert.equal(value.owner, owner.toLowerCase());
        assert.ok(checkTarget(value, 'gitea.example.com').ok || value.name.length > 200);
      }),
      { numRuns: fuzzCases() },
    );
  });

  const frame = fc.constantFrom(
    ...['{}', 'docker push {}', '$ sudo docker --context {} push {} # {}', 'docker tag {} {}\ndocker push {}', '"{}"'],
    ...[
      'https://{}/{}/-/packages/container/{}',
      'https://h.example/{}/{}',
      'docker build -t {} .',
      'image: {}',
      '`{}`',
    ],
    ...[
      'FROM {} AS {}',
      'skopeo copy {} docker://{}',
      'oci://{}',
      '> podman push {} {}',
      'helm push {} oci://{}',
      '{} {}',
    ],
  );

  test('pasted text gives a target whose host and path stand in the text, or a refusal that does not quote it', () => {
    fc.assert(
      fc.property(frame, fc.array(typed, { minLength: 3, maxLength: 3 }), (pattern, texts) => {
        const parts = [...texts];
        const text = pattern.replaceAll('{}', () => parts.shift() ?? 'x');
        const target = resultOf(() => readPastedTarget(text), 'referenceInvalid', text);
        if (target === undefined) return;
        assert.ok(target.length <= text.length + 1);
        const host = /^([^/]*)\//.exec(target)?.[1] ?? '';
        assert.ok(text.includes(host), `${host} is not in ${text}`);
      }),
      { numRuns: fuzzCases() },
    );
  });

  /** Undefined if it throws the expected error. Any other error fails, and so does one that quotes `secret`. */
  function resultOf<T>(read: () => T, code: string, secret: string): T | undefined {
    try {
      return read();
    } catch (error) {
      assert.ok(error instanceof TeaChestError && error.code === code, String(error));
      assert.ok(secret.trim().length < 12 || !error.message.includes(secret));
      return undefined;
    }
  }

  test('the nearest name is one of the given ones', () => {
    fc.assert(
      fc.property(typed, typed, (one, other) => {
        const near = nearestName(one, [other]);
        assert.ok(near === undefined || near === other);
      }),
      { numRuns: fuzzCases() },
    );
  });
});
