import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as v from 'valibot';
import { OriginValues } from '../../../../src/host/registry/originValues.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo, memento } from '../support/hostFakes.ts';

useFakeVscode();
const { LoginSharing } = await import('../../../../src/host/containerTools/loginSharing.ts');

const connection = connectionTo('https://gitea.test');

/** `meanwhile`: what is stored after the person has answered. */
function sharing(meanwhile: { username: string; secret: string } | undefined) {
  let stored: { username: string; secret: string } | undefined = { username: connection.username, secret: 'first' };
  return new LoginSharing({
    store: { list: () => [connection], credential: () => Promise.resolve(stored) },
    allowed: new OriginValues(memento(), 'logins', v.string()),
    ask: () => {
      stored = meanwhile;
      return Promise.resolve(true);
    },
  });
}

suite('a login that Container Tools asks for', () => {
  test('is that of the moment after the person has agreed', async () => {
    const { username } = connection;
    const login = await sharing({ username, secret: 'renewed' }).loginFor(connection);
    assert.deepEqual(login, { server: 'gitea.test', username, secret: 'renewed' });
  });

  test('is not given if somebody signed out, or in as another user, while the person was asked', async () => {
    await assert.rejects(sharing(undefined).loginFor(connection), { code: 'notSignedIn' });
    assert.equal(await sharing({ username: 'other', secret: 'x' }).loginFor(connection), undefined);
  });
});
