import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { Consent } from '../../../../src/host/connections/verifyServerTrust.ts';
import { signIn, signInIfOpen } from '../../../../src/host/connections/signIn.ts';
import { tryAddress, type OriginTrust } from '../../../../src/host/connections/tryAddress.ts';
import { errorMessage } from '../../../../src/host/errors/errorMessages.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { anonymousTokens, openRegistry, serve } from '../../registry/localRegistry.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost, connectionTo, dev, type Host } from '../support/hostFakes.ts';

useFakeVscode();
const { trustCertificate } = await import('../../../../src/host/connections/reconnect.ts');

const options = { signal: new AbortController().signal };

/** Says the same to everything, and notes what it was asked. */
function answering(answer: boolean): Consent & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    toCertificate: ({ message }) => {
      asked.push(message);
      return Promise.resolve(answer ? 'trust' : undefined);
    },
    toPlainHttp: (host) => {
      asked.push(host);
      return Promise.resolve(answer);
    },
    toClientCertificate: (why) => {
      asked.push(why);
      return Promise.resolve(undefined);
    },
    toLeaveOutFiles: (why) => {
      asked.push(why);
      return Promise.resolve(answer);
    },
  };
}

function attempt({ access, store }: Host, consent: Consent, text: string, decided: readonly OriginTrust[] = []) {
  const tools = { auth: access.auth, store, consent };
  return tryAddress(tools, { text, decided, closedOrigin: undefined }, options);
}

suite('a registry that seems to be open', () => {
  test('needs no more than its address', async (t) => {
    const host = buildHost(t);
    const origin = await serve(t, openRegistry);
    const answered = await attempt(host, answering(true), origin);
    assert.equal(answered?.connection?.username, '');
    assert.equal(host.store.find(origin)?.kind, 'generic');
  });

  test('is none if it gives tokens to anybody: a person is asked, and nothing is kept', async (t) => {
    const host = buildHost(t);
    const origin = await serve(t, anonymousTokens);
    const answered = await attempt(host, answering(true), origin);
    assert.equal(answered?.reached.address.origin, origin);
    assert.equal(answered.connection, undefined);
    assert.deepEqual(host.store.list(), []);
  });

  test('does not cost the credential that is kept for it', async (t) => {
    const { store, access } = buildHost(t);
    const origin = await serve(t, openRegistry);
    await store.save(connectionTo(origin, { kind: 'generic' }), dev);
    const trust = { allowHttp: true };
    assert.equal(
      await signInIfOpen({ auth: access.auth, store }, { address: access.auth.parse(origin), trust }, options),
      undefined,
    );
    assert.deepEqual(await store.credential(origin), dev);
    assert.equal(store.find(origin)?.username, 'dev');
  });

  test('takes a credential later, and is not skipped where one is wanted', async (t) => {
    const { store, access } = buildHost(t);
    const { auth } = access;
    const origin = await serve(t, openRegistry);
    const tools = { auth, store, consent: answering(true) };
    const answered = await tryAddress(tools, { text: origin, decided: [], closedOrigin: origin }, options);
    assert.ok(answered !== undefined);
    assert.equal(answered.connection, undefined, 'user and secret are asked for');
    const connection = await signIn({ auth, store }, { ...answered.reached, credential: dev }, options);
    assert.equal(connection.username, 'dev');
    assert.deepEqual(await store.credential(origin), dev);
  });

  test('keeps the trust in its new certificate, though it has no credential', async (t) => {
    const { store, access } = buildHost(t);
    const fakeGitea = await startFakeGitea({ tls: 'valid' });
    t.after(() => fakeGitea.close());
    const connection = connectionTo(fakeGitea.origin, { kind: 'generic', username: '' });
    await store.save(connection, undefined);
    assert.equal(await trustCertificate({ auth: access.auth, store, consent: answering(true) }, connection), true);
    assert.equal(store.find(fakeGitea.origin)?.trust.pinnedFingerprint, fakeGitea.fingerprint256);
    assert.equal(await store.credential(fakeGitea.origin), undefined);
  });
});

test('a secret for this session only is not stored when another certificate is trusted', async (t) => {
  const { store, access, secrets } = buildHost(t);
  const fakeGitea = await startFakeGitea({ tls: 'valid' });
  t.after(() => fakeGitea.close());
  const connection = connectionTo(fakeGitea.origin);
  await store.save(connection, dev, { sessionOnly: true });
  assert.equal(await trustCertificate({ auth: access.auth, store, consent: answering(true) }, connection), true);
  assert.equal(store.find(fakeGitea.origin)?.trust.pinnedFingerprint, fakeGitea.fingerprint256);
  assert.deepEqual([await store.credential(fakeGitea.origin), await secrets.keys()], [dev, []]);
  // Until the person signs in again, to stay.
  await store.save(connection, dev);
  assert.equal(await trustCertificate({ auth: access.auth, store, consent: answering(true) }, connection), true);
  assert.equal((await secrets.keys()).length, 1);
});

suite('an address without a scheme', () => {
  test('whose server speaks only http is reported with the one that works, without a question', async (t) => {
    const host = buildHost(t);
    const origin = await serve(t, openRegistry);
    const consent = answering(true);
    await assert.rejects(attempt(host, consent, new URL(origin).host), (error: unknown) => {
      assert.ok(error instanceof TeaChestError);
      assert.equal(error.code, 'plainHttp');
      assert.equal(error.facts['suggestion'], origin);
      assert.match(errorMessage(error).message, new RegExp(`answers at ${origin}\\. Try that address\\.$`));
      return true;
    });
    assert.deepEqual(consent.asked, []);
  });
});

suite('trust', () => {
  test('in http goes to the origin it was given for, and to no other', async (t) => {
    const host = buildHost(t);
    const [first, second] = await Promise.all([serve(t, anonymousTokens), serve(t, anonymousTokens)]);
    const yes = answering(true);
    const answered = await attempt(host, yes, first);
    assert.deepEqual(yes.asked, [new URL(first).host]);
    assert.ok(answered !== undefined);
    const decided = [{ origin: first, trust: answered.reached.trust }];

    const no = answering(false);
    assert.ok((await attempt(host, no, first, decided)) !== undefined, 'the same address is not asked about twice');
    assert.deepEqual(no.asked, []);
    assert.equal(await attempt(host, no, second, decided), undefined);
    assert.deepEqual(no.asked, [new URL(second).host]);
  });

  test('in a certificate that is kept gives the warning when another one is shown', async (t) => {
    const host = buildHost(t);
    const fakeGitea = await startFakeGitea({ tls: 'valid' });
    t.after(() => fakeGitea.close());
    await host.store.save(connectionTo(fakeGitea.origin, { trust: { pinnedFingerprint: 'ab'.repeat(32) } }), dev);
    const no = answering(false);
    assert.equal(await attempt(host, no, fakeGitea.url), undefined);
    assert.match(no.asked.join(), /not the one you trusted before/);
  });
});
