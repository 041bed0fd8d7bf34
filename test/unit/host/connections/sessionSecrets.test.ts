import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SecretStorage } from 'vscode';
import { ConnectionStore } from '../../../../src/host/connections/connectionStore.ts';
import { SessionSecrets } from '../../../../src/host/connections/sessionSecrets.ts';
import { connectionTo, dev, emitter, memento, secretStorage } from '../support/hostFakes.ts';

const broken = (): Promise<never> => Promise.reject(new Error('no keyring'));

function withoutKeyring(more: Partial<SecretStorage> = {}): SecretStorage {
  return {
    onDidChange: secretStorage().onDidChange,
    keys: broken,
    get: broken,
    store: broken,
    delete: broken,
    ...more,
  };
}

suite('secrets', () => {
  test('of a machine without a keyring are held until the window closes, which is said once', async () => {
    const reasons: string[] = [];
    const state = memento();
    const open = (): ConnectionStore =>
      new ConnectionStore(state, new SessionSecrets(withoutKeyring(), (reason) => reasons.push(reason)), emitter());
    const [first, second] = ['https://one.test', 'https://two.test'].map((origin) => connectionTo(origin));
    assert.ok(first !== undefined && second !== undefined);
    const store = open();
    await store.save(first, dev);
    await store.save(second, dev);
    assert.deepEqual(reasons, ['no keyring']);
    assert.deepEqual(await store.credential(first.origin), dev);
    const afterRestart = open();
    assert.equal(afterRestart.find(first.origin)?.username, 'dev');
    assert.equal(await afterRestart.credential(first.origin), undefined, 'no error: the person signs in again');
    await store.remove(first.origin);
    assert.equal(await store.credential(first.origin), undefined);
  });

  test('of any other machine are where VS Code keeps them', async () => {
    const kept = secretStorage();
    const reasons: string[] = [];
    const secrets = new SessionSecrets(kept, (reason) => reasons.push(reason));
    await secrets.store('key', 'value');
    assert.equal(await kept.get('key'), 'value');
    assert.deepEqual([await secrets.get('key'), await secrets.keys(), reasons], ['value', ['key'], []]);
    await secrets.delete('key');
    assert.equal(await kept.get('key'), undefined);
  });

  test('that are still there are not said to be removed', async () => {
    const stuck = withoutKeyring({ get: () => Promise.resolve('value') });
    await assert.rejects(new SessionSecrets(stuck, () => undefined).delete('key'), /no keyring/);
  });
});
