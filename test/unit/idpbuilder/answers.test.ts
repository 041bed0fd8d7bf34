import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseCertificateSecret } from '../../../src/core/idpbuilder/clusterCertificates.ts';
import { parseLocalbuilds } from '../../../src/core/idpbuilder/giteaAddresses.ts';
import { parseIdpbuilderSecrets, parseKubernetesSecret } from '../../../src/core/idpbuilder/giteaLogin.ts';
import { makeCertificate } from '../../fakeGitea/tls/certificate.ts';

const pair = { username: 'giteaAdmin', password: 'pä"ss: {}\\ word' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const idpbuilder = (...rows: unknown[]): ReturnType<typeof parseIdpbuilderSecrets> =>
  parseIdpbuilderSecrets(JSON.stringify(rows));
const named = { name: 'gitea-credential', namespace: 'gitea' };

suite('the answer of idpbuilder get secrets', () => {
  test('is read in both shapes: fields at the top since 0.9, under “data” before', () => {
    assert.deepEqual(idpbuilder({ IsCore: true, ...named, ...pair, token: 't' }), pair);
    assert.deepEqual(idpbuilder({ ...named, data: { ...pair, token: 't' } }), pair);
  });

  test('is chosen by name and namespace, wherever it stands in the list', () => {
    const argocd = { name: 'argocd-initial-admin-secret', namespace: 'argocd', username: 'admin', password: 'x' };
    const elsewhere = { ...named, namespace: 'other', username: 'other', password: 'x' };
    assert.deepEqual(idpbuilder(argocd, elsewhere, { ...named, ...pair }), pair);
    assert.equal(idpbuilder(argocd, elsewhere), undefined);
    assert.deepEqual(idpbuilder({ name: named.name, ...pair }), pair);
  });

  test('has user and password of one object, never half of each', () => {
    const other = { username: 'other', password: 'other' };
    assert.deepEqual(idpbuilder({ ...named, username: 'half', data: other }), other);
    assert.equal(idpbuilder({ ...named, username: 'half', data: { password: 'half' } }), undefined);
    assert.equal(idpbuilder({ ...named, ...pair, password: '' }), undefined);
  });

  test('that is odd or hostile gives nothing, and does not throw', () => {
    const texts = [
      '',
      'no secrets found',
      '[]',
      '{}',
      'null',
      '[null,1,"x",[]]',
      '[{"name":"gitea-credential"}]',
      '[{',
    ];
    for (const text of texts) assert.equal(parseIdpbuilderSecrets(text), undefined, text);
    for (const username of ['a:b', 'a b', '', 'a\nb', '‮admin', '../x', 5, {}]) {
      assert.equal(idpbuilder({ ...named, ...pair, username }), undefined, JSON.stringify(username));
    }
    assert.deepEqual(idpbuilder(null, 7, { ...named, ...pair, data: 'odd', namespace: 5 }), pair);
  });
});

suite('the answer of kubectl', () => {
  const secret = (data: unknown): ReturnType<typeof parseKubernetesSecret> =>
    parseKubernetesSecret(JSON.stringify({ kind: 'Secret', data }));

  test('for the login: values are base64', () => {
    assert.deepEqual(secret({ username: base64(pair.username), password: base64(pair.password) }), pair);
    for (const data of [undefined, {}, { username: 'giteaAdmin', password: '%%%' }, { username: base64('a') }]) {
      assert.equal(secret(data), undefined);
    }
    assert.equal(parseKubernetesSecret('Error from server'), undefined);
  });

  test('for the certificate: the fingerprints of all in the secret, or none', () => {
    const [one, two] = [makeCertificate('valid'), makeCertificate('valid')];
    const read = (text: string): readonly string[] =>
      parseCertificateSecret(JSON.stringify({ data: { 'ca.crt': base64(text) } }));
    assert.deepEqual(read(one.certificatePem), [one.fingerprint256]);
    assert.deepEqual(read(`text\n${one.certificatePem}\n${two.certificatePem}`), [
      one.fingerprint256,
      two.fingerprint256,
    ]);
    for (const text of [
      '',
      'no PEM',
      one.certificatePem.slice(0, 100),
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
    ]) {
      assert.deepEqual(read(text), [], text);
    }
    assert.deepEqual(parseCertificateSecret('{"data":{"ca.crt":5}}'), []);
    assert.deepEqual(parseCertificateSecret('nothing'), []);
  });
});

suite('the address of Gitea in the localbuild', () => {
  interface Item {
    readonly name?: string;
    readonly url?: unknown;
    readonly options?: unknown;
  }
  const list = (...items: Item[]): string | undefined =>
    parseLocalbuilds(
      JSON.stringify({
        items: items.map(({ name = 'localdev', url, options }) => ({
          metadata: { name },
          spec: { buildCustomization: options },
          status: { gitea: { externalURL: url } },
        })),
      }),
      'localdev',
    );
  const options = { protocol: 'https', host: 'cnoe.localtest.me', port: '8443' };

  test('is the one of the status, for both layouts', () => {
    assert.equal(list({ url: 'https://gitea.cnoe.localtest.me:8443' }), 'https://gitea.cnoe.localtest.me:8443');
    assert.equal(list({ url: 'https://cnoe.localtest.me:8443/gitea' }), 'https://cnoe.localtest.me:8443/gitea');
    assert.equal(list({ url: 'http://gitea.example.test' }), 'http://gitea.example.test');
  });

  test('is made of the options as idpbuilder makes it, while the status has none', () => {
    assert.equal(list({ options }), 'https://gitea.cnoe.localtest.me:8443');
    assert.equal(list({ options: { ...options, usePathRouting: true } }), 'https://cnoe.localtest.me:8443/gitea');
    assert.equal(
      list({ options: { ...options, protocol: 'http', port: '8080' } }),
      'http://gitea.cnoe.localtest.me:8080',
    );
  });

  test('is the one of the cluster, or of the only localbuild', () => {
    const other = { name: 'other', url: 'https://other.test' };
    assert.equal(list(other, { url: 'https://right.test' }), 'https://right.test');
    assert.equal(list(other), 'https://other.test');
    assert.equal(list(other, { ...other, name: 'third' }), undefined);
    assert.equal(list(), undefined);
  });

  test('that is hostile is not used', () => {
    const urls = [
      ...[
        'file:///etc/passwd',
        'javascript:alert(1)',
        'https://user:pass@h',
        'https://h/?token=x',
        'https://h/#x',
        'h',
        '',
        5,
      ],
    ];
    for (const url of urls) assert.equal(list({ url }), undefined, String(url));
    for (const odd of [
      { host: 'x@evil.test' },
      { port: '99999' },
      { port: 8443 },
      { protocol: 'ftp' },
      { host: '', port: '' },
    ]) {
      assert.equal(list({ options: { ...options, ...odd } }), undefined, JSON.stringify(odd));
    }
    assert.equal(
      parseLocalbuilds('error: the server doesn\'t have a resource type "localbuilds"', 'localdev'),
      undefined,
    );
  });
});
