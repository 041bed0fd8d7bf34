import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';

const readings: [typed: string, origin: string, webRoot: string][] = [
  ['gitea.example.com', 'https://gitea.example.com', 'https://gitea.example.com'],
  ['  gitea.example.com/ ', 'https://gitea.example.com', 'https://gitea.example.com'],
  ['https://Gitea.Example.com:443/gitea/', 'https://gitea.example.com', 'https://gitea.example.com/gitea'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['http://gitea.lan:80//', 'http://gitea.lan', 'http://gitea.lan'],
  ['host:3000', 'https://host:3000', 'https://host:3000'],
  ['localhost:3000/v2/', 'https://localhost:3000', 'https://localhost:3000'],
  ['https://h/gitea/v2/', 'https://h', 'https://h/gitea'],
  ['https://h/gitea/api/v1/version', 'https://h', 'https://h/gitea'],
  ['https://h/gitea/user/login?redirect_to=%2f', 'https://h', 'https://h/gitea'],
  ['https://h/alice/-/packages/container/app/latest', 'https://h', 'https://h'],
  ['https://h/gitea/alice/-/packages', 'https://h', 'https://h/gitea'],
  ['https://h/alice', 'https://h', 'https://h/alice'],
  ['[::1]:3000', 'https://[::1]:3000', 'https://[::1]:3000'],
  ['http://[2001:DB8::1]', 'http://[2001:db8::1]', 'http://[2001:db8::1]'],
];

for (const [typed, origin, webRoot] of readings) {
  test(`“${typed}” is the registry ${origin} with pages at ${webRoot}`, () => {
    const address = parseRegistryAddress(typed);
    assert.equal(address.origin, origin);
    assert.equal(address.host, new URL(origin).host);
    assert.equal(address.webRoot, webRoot);
  });
}

for (const typed of [
  '',
  '   ',
  'ftp://gitea.example.com',
  'https://',
  'host:99999',
  'two words',
  'https://a b/',
  'a\\b',
]) {
  test(`“${typed}” is refused as an address`, () => {
    assert.throws(() => parseRegistryAddress(typed), { code: 'urlInvalid' });
  });
}

for (const typed of ['https://dev:s3cret-word@gitea.example.com', 'dev:s3cret-word@host', 's3cret-word@host:3000/x']) {
  test('a credential in the address is refused and not repeated', () => {
    assert.throws(
      () => parseRegistryAddress(typed),
      (error) => {
        assert.ok(error instanceof TeaChestError);
        assert.equal(error.code, 'urlInvalid');
        assert.doesNotMatch(JSON.stringify([error.message, error.facts, String(error.cause)]), /s3cret-word/);
        return true;
      },
    );
  });
}

test('an IPv6 address with a zone is refused with the reason; without one it is an address', () => {
  assert.throws(() => parseRegistryAddress('http://[fe80::1%eth0]:3000'), { code: 'urlInvalid', message: /zone/ });
  assert.equal(parseRegistryAddress('http://[FE80::1]:3000').host, '[fe80::1]:3000');
});
