import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { chooseProxy, type Environment } from '../../../../src/core/registry/http/proxy.ts';

const choose = (
  target: string,
  url: string | undefined,
  environment: Environment,
  bypass: string[] = [],
): string | undefined => chooseProxy(new URL(target), { url, bypass }, environment)?.url.href;

test('without settings and environment the connection is direct', () => {
  assert.equal(choose('https://gitea.example.com', undefined, {}), undefined);
});

test('the given proxy comes before the environment’s', () => {
  const environment = { HTTPS_PROXY: 'http://other:1' };
  assert.equal(choose('https://h.example', 'http://proxy:3128', environment), 'http://proxy:3128/');
  assert.equal(choose('https://h.example', undefined, environment), 'http://other:1/');
});

test('https and http registries have variables of their own, in either case', () => {
  const environment = { https_proxy: 'http://s:1', HTTP_PROXY: 'plain:2' };
  assert.equal(choose('https://h.example', undefined, environment), 'http://s:1/');
  assert.equal(choose('http://h.example', undefined, environment), 'http://plain:2/');
});

test('an empty variable is as good as none', () => {
  assert.equal(choose('https://h.example', undefined, { https_proxy: '', HTTPS_PROXY: 'http://s:1' }), 'http://s:1/');
  assert.equal(choose('https://h.example', undefined, { https_proxy: '' }), undefined);
});

for (const [target, entry, direct] of [
  ['https://gitea.example.com', 'example.com', true],
  ['https://gitea.example.com', '.example.com', true],
  ['https://gitea.example.com', '*.example.com', true],
  ['https://badexample.com', 'example.com', false],
  ['https://gitea.example.com', '*', true],
  ['https://gitea.example.com:8443', 'gitea.example.com:8443', true],
  ['https://gitea.example.com:8443', 'gitea.example.com:443', false],
  ['https://gitea.example.com', 'gitea.example.com:443', true],
  ['https://10.1.2.3', '10.0.0.0/8', true],
  ['https://11.1.2.3', '10.0.0.0/8', false],
  ['https://10.1.2.3', '10.1.2.3', true],
  ['https://[fd00::1]', 'fd00::/8', true],
  ['https://[fd00::1]:444', '[fd00::1]:444', true],
  ['https://h.example', 'nonsense/99', false],
] as const) {
  test(`${target} is ${direct ? '' : 'not '}reached directly with the bypass “${entry}”`, () => {
    const expected = direct ? undefined : 'http://proxy:3128/';
    assert.equal(choose(target, 'http://proxy:3128', {}, [entry]), expected);
    assert.equal(choose(target, 'http://proxy:3128', { NO_PROXY: `a.test, ${entry}` }), expected);
  });
}

for (const target of ['http://127.0.0.1:3000', 'http://localhost:3000', 'https://[::1]', 'http://gitea.localhost']) {
  test(`${target} is never reached by a proxy`, () => {
    assert.equal(choose(target, 'http://proxy:3128', {}), undefined);
  });
}

test('credentials of a proxy are decoded; the setting for them comes first', () => {
  const target = new URL('https://h.example');
  const authorization = (url: string, given?: string): string | undefined =>
    chooseProxy(target, { url, bypass: [], ...(given !== undefined && { authorization: given }) }, {})?.authorization;
  const basic = `Basic ${Buffer.from('us@er:p:w').toString('base64')}`;
  assert.equal(authorization('http://us%40er:p%3Aw@proxy:3128'), basic);
  assert.equal(authorization('http://proxy:3128'), undefined);
  assert.equal(authorization('http://us:pw@proxy:3128', 'Negotiate abc'), 'Negotiate abc');
});

test('a proxy has its source, and the name of the list of hosts without a proxy', () => {
  const target = new URL('https://h.example');
  const names = { source: 'the setting a.proxy', bypassSource: 'a.noProxy' };
  const given = chooseProxy(target, { url: 'http://p:1', bypass: [], ...names }, { HTTPS_PROXY: 'http://q:1' });
  assert.deepEqual([given?.source, given?.bypassList], ['the setting a.proxy', 'a.noProxy']);
  const found = chooseProxy(target, { url: undefined, bypass: [], ...names }, { https_proxy: 'http://q:1' });
  assert.deepEqual([found?.source, found?.bypassList], ['the variable https_proxy', 'NO_PROXY']);
});

test('an address that is no URL is refused without repeating the password in it', () => {
  assert.throws(
    () => choose('https://h.example', 'http://user:s3cret@proxy:99999', {}),
    (error) => {
      assert.ok(error instanceof TeaChestError);
      assert.equal(error.code, 'proxyFailed');
      assert.doesNotMatch(JSON.stringify([error.message, error.facts, String(error.cause)]), /s3cret/);
      return true;
    },
  );
});

test('a kind of proxy that is not supported is named', () => {
  assert.throws(() => choose('https://h.example', 'socks5://proxy:1080', {}), {
    code: 'proxyFailed',
    message: /socks5:/,
  });
});
