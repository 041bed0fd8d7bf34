import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionScheme } from '../../../../src/core/registry/auth/distributionScheme.ts';
import type { RegistryRequest, RegistryResponse, Send } from '../../../../src/core/registry/http/httpTypes.ts';
import type { Credential } from '../../../../src/core/registry/types.ts';
import type { FetchedToken } from '../../../../src/core/registry/auth/tokenCache.ts';

const origin = 'https://registry.example.com';
const me: Credential = { username: 'me', secret: 's' };

interface Asked {
  readonly token: FetchedToken;
  readonly seen: readonly RegistryRequest[];
}

async function fetchToken(options: {
  realm?: string;
  origin?: string;
  credential?: Credential;
  status?: number;
  body?: string;
}): Promise<Asked> {
  const seen: RegistryRequest[] = [];
  const send: Send = async (request): Promise<RegistryResponse> => {
    seen.push(request);
    const body = Buffer.from(options.body ?? '{"token":"t","expires_in":300}');
    return Promise.resolve({ status: options.status ?? 200, headers: {}, body, url: request.url });
  };
  const parameters = { realm: options.realm ?? 'https://auth.example.com/token', service: 'registry.example.com' };
  const scheme = distributionScheme([{ scheme: 'bearer', parameters }], {
    send,
    origin: options.origin ?? origin,
    credential: async () => Promise.resolve(options.credential),
  });
  assert.ok(scheme.kind === 'bearer');
  try {
    const token = await scheme.fetchToken(['repository:a/b:pull,push'], { signal: new AbortController().signal });
    return { token, seen };
  } catch (error) {
    if (options.status === undefined && options.body === undefined) assert.equal(seen.length, 0, 'nothing was sent');
    throw error;
  }
}

test('service, scope and credential go to the token server that the registry names', async () => {
  const { token, seen } = await fetchToken({ credential: me });
  const url = seen[0]?.url ?? assert.fail('nothing was asked');
  assert.equal(url.origin, 'https://auth.example.com');
  assert.deepEqual(url.searchParams.getAll('scope'), ['repository:a/b:pull,push']);
  assert.equal(url.searchParams.get('service'), 'registry.example.com');
  assert.equal(seen[0]?.headers?.['authorization'], `Basic ${Buffer.from('me:s').toString('base64')}`);
  assert.deepEqual(token, { value: 't', lifetimeMs: 300_000 });
});

test('without a credential an anonymous token is asked for', async () => {
  const { seen } = await fetchToken({});
  assert.equal(seen[0]?.headers?.['authorization'], undefined);
});

test('access_token is a token too, and lives a minute if nothing else is said', async () => {
  const { token } = await fetchToken({ body: '{"access_token":"a"}' });
  assert.deepEqual(token, { value: 'a', lifetimeMs: 60_000 });
});

for (const realm of [
  'http://auth.example.com/token',
  'https://10.0.0.1/token',
  'https://[fd00::1]/token',
  'https://intranet/token',
  'https://auth.local/token',
  'http://registry.example.com/token',
  'nonsense',
]) {
  test(`a realm at ${realm} gets nothing`, async () => {
    await assert.rejects(fetchToken({ realm, credential: me }), { code: 'registryRefused' });
  });
}

test('a registry inside a network may be its own token server', async () => {
  const { seen } = await fetchToken({ realm: 'http://10.0.0.1:5001/auth', origin: 'http://10.0.0.1:5000' });
  assert.equal(seen.length, 1);
});

test('refused credentials and a broken token server are different things', async () => {
  await assert.rejects(fetchToken({ status: 401, body: '' }), { code: 'credentialsRejected' });
  await assert.rejects(fetchToken({ status: 200, body: '<html>' }), { code: 'registryFailed' });
});

test('the other schemes', () => {
  const options = {
    send: async () => Promise.reject(new Error('no')),
    origin,
    credential: async () => Promise.resolve(undefined),
  };
  assert.equal(distributionScheme([], options).kind, 'open');
  assert.equal(distributionScheme([{ scheme: 'basic', parameters: {} }], options).kind, 'basic');
});
