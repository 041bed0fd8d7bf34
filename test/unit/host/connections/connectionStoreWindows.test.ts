import assert from 'node:assert/strict';
import { once, EventEmitter as NodeEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SecretStorage } from 'vscode';
import { ConnectionStore } from '../../../../src/host/connections/connectionStore.ts';
import { SessionSecrets } from '../../../../src/host/connections/sessionSecrets.ts';
import { SignInRecords } from '../../../../src/host/connections/signInRecords.ts';
import { FileState } from '../../../../src/host/state/fileState.ts';
import { connectionTo, dev, emitter, secretStorage } from '../support/hostFakes.ts';
import { SharedGlobalState } from '../support/sharedGlobalState.ts';

const [one, two, three] = ['https://one.example', 'https://two.example', 'https://three.example'] as const;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-windows-'))));
afterEach(() => rm(folder, { recursive: true }));

suite('registries in two windows', () => {
  let global: SharedGlobalState;
  let secrets: SecretStorage;
  let stores: ConnectionStore[];
  let changes: NodeEmitter;

  beforeEach(() => {
    global = new SharedGlobalState();
    secrets = secretStorage();
    stores = [];
    changes = new NodeEmitter();
  });
  afterEach(() => {
    for (const store of stores) store.dispose();
  });

  function open(kept: SecretStorage = secrets): ConnectionStore {
    const session = new SessionSecrets(kept, () => undefined);
    const changed = emitter<undefined>() as ConstructorParameters<typeof ConnectionStore>[2];
    const records = new SignInRecords(new FileState(join(folder, 'sign-ins')));
    const store = new ConnectionStore(global.open(), session, changed, records);
    store.onDidChange(() => changes.emit('change'));
    stores.push(store);
    return store;
  }
  const settled = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      for (const store of stores) await store.settled();
      global.synchronize();
    }
  };
  const origins = (store: ConnectionStore): string[] => store.list().map(({ origin }) => origin);
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await once(changes, 'change');
  }

  test('that were added at the same time are all kept, though one write took the other’s row away', async () => {
    const [here, there] = [open(), open()];
    await Promise.all([here.save(connectionTo(one), dev), there.save(connectionTo(two), dev)]);
    await settled();
    // Somebody signs in: that is when windows look.
    await here.save(connectionTo(three), dev);
    await settled();
    for (const store of [here, there]) assert.deepEqual(origins(store), [one, three, two]);
    assert.deepEqual(origins(open()), [one, three, two]);
  });

  test('that one signed out of are gone in the other, whatever its copy of the state says', async () => {
    const [here, there] = [open(), open()];
    await here.save(connectionTo(one), dev);
    await here.save(connectionTo(two), dev);
    await settled();
    assert.deepEqual(origins(there), [one, two]);
    await here.remove(one);
    for (const store of stores) await store.settled();
    assert.deepEqual(origins(there), [two], 'it does not have the new state yet');
    // Its next write must not bring the row back.
    await there.save(connectionTo(three), dev);
    await settled();
    for (const store of [here, there]) assert.deepEqual(origins(store), [three, two]);
  });

  test('that one keeps for its session stay in the other, without a secret, until one signs out', async () => {
    const [here, there] = [open(), open()];
    await here.save(connectionTo(one), { ...dev, secret: 'former' });
    await settled();
    await here.save(connectionTo(one), dev, { sessionOnly: true });
    await settled();
    assert.deepEqual(await secrets.keys(), []);
    assert.deepEqual([origins(here), origins(there)], [[one], [one]]);
    assert.deepEqual(await here.credential(one), dev);
    assert.equal(await there.credential(one), undefined, 'there the person is asked again');
    await there.save(connectionTo(two), dev);
    await settled();
    assert.deepEqual(
      [origins(here), origins(there)],
      [
        [one, two],
        [one, two],
      ],
    );
    // A stored secret replaces the one of the session, and a sign-out removes it.
    await here.save(connectionTo(one), { ...dev, secret: 'new' });
    assert.equal((await here.credential(one))?.secret, 'new');
    await here.save(connectionTo(one), dev, { sessionOnly: true });
    await here.remove(one);
    await until(() => origins(there).length === 1);
    assert.equal(await here.credential(one), undefined);
  });

  test('that need no sign-in are gone in the other as well, and come back with the next one', async () => {
    const [here, there] = [open(), open()];
    const connection = connectionTo(one, { username: '' });
    await here.save(connection, undefined);
    await settled();
    assert.deepEqual(origins(there), [one]);
    await here.remove(one);
    await until(() => origins(there).length === 0);
    await here.save(connection, undefined);
    global.synchronize();
    await until(() => origins(there).length === 1);
  });

  test('are there once somebody has signed in again, though the event of the sign-out before comes later', async () => {
    let answer: Promise<unknown> = Promise.resolve();
    const slow: SecretStorage = {
      ...secrets,
      get: async (key) => {
        const value = await secrets.get(key);
        await answer;
        return value;
      },
    };
    const changed = emitter<undefined>() as ConstructorParameters<typeof ConnectionStore>[2];
    const store = new ConnectionStore(global.open(), new SessionSecrets(slow, () => undefined), changed);
    stores.push(store);
    await store.save(connectionTo(one), dev);
    await store.settled();
    const held = Promise.withResolvers<undefined>();
    answer = held.promise;
    await store.remove(one);
    const saved = store.save(connectionTo(one), dev);
    await setImmediate();
    held.resolve(undefined);
    await saved;
    assert.deepEqual(origins(store), [one]);
    await store.settled();
    assert.deepEqual(origins(store), [one]);
  });

  test('are signed out of separately if each window has its own secrets', async () => {
    const [here, there] = [open(), open(secretStorage())];
    await here.save(connectionTo(one), dev);
    await here.save(connectionTo(two), dev);
    global.synchronize();
    assert.deepEqual(origins(there), [one, two], 'a secret that was never there is no sign-out');
    await here.remove(one);
    await until(() => !origins(there).includes(one));
    assert.deepEqual(origins(there), [two]);
  });
});
