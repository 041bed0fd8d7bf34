import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { offerActions, type ActionHandlers, type ShowError } from '../../../../src/host/errors/offerActions.ts';

/** A person who presses the buttons of these titles, one after the other, and then closes what is shown. */
function pressing(...titles: string[]): { readonly show: ShowError; readonly shown: string[] } {
  const shown: string[] = [];
  return {
    shown,
    show: (message, buttons) => {
      shown.push(message);
      const title = titles.shift();
      const button = buttons.find((one) => one.title === title);
      assert.ok(title === undefined || button !== undefined, `no button “${title}”`);
      return Promise.resolve(button);
    },
  };
}

const noop = (): void => undefined;

suite('buttons of a failure', () => {
  const gone = new TeaChestError('registryUnreachable', 'Nobody listens at h.example.');

  test('one that fails is reported as well, and can be retried', async () => {
    const { show, shown } = pressing('Show Certificate', 'Retry');
    let tries = 0;
    const trustCertificate = (): void => {
      if (++tries === 1) throw gone;
    };
    const untrusted = new TeaChestError('certificateUntrusted', 'The certificate is self-signed.');
    await offerActions(untrusted, { trustCertificate }, show);
    assert.equal(tries, 2);
    assert.match(shown[0] ?? '', /self-signed/);
    assert.match(shown[1] ?? '', /Nobody listens/);
    assert.equal(shown.length, 2);
  });

  test('one that rejects does not make the report reject', async () => {
    const { show, shown } = pressing('Retry');
    await offerActions(gone, { retry: () => Promise.reject(new RangeError('out of tea')) }, show);
    assert.match(shown[1] ?? '', /out of tea/);
  });

  test('show the page of what failed in place of the log, if there is one; never more than three', async () => {
    const titlesOf = async (error: TeaChestError, handlers: ActionHandlers): Promise<readonly string[]> => {
      let titles: readonly string[] = [];
      await offerActions(error, handlers, (_, buttons) => {
        titles = buttons.map(({ title }) => title);
        return Promise.resolve(undefined);
      });
      return titles;
    };
    const all = { retry: noop, signIn: noop, createToken: noop, changeTarget: noop, showLog: noop };
    assert.deepEqual(await titlesOf(gone, all), ['Retry', 'Show Log']);
    assert.deepEqual(await titlesOf(gone, { ...all, showDetails: noop }), ['Retry', 'Show Details']);
    const denied = new TeaChestError('accessDenied', 'You may not.');
    const three = ['Choose Another Owner', 'Sign In', 'Create a Token'];
    assert.deepEqual(await titlesOf(denied, { ...all, showDetails: noop }), three);
    // Only those that can be pressed take room.
    const two = { signIn: noop, changeTarget: noop, showDetails: noop };
    assert.deepEqual(await titlesOf(denied, two), ['Choose Another Owner', 'Sign In', 'Show Details']);
  });

  test('says what failed, but not of what a button does then', async () => {
    const { show, shown } = pressing('Retry');
    const retry = (): Promise<never> => Promise.reject(new RangeError('out of tea'));
    await offerActions(gone, { retry }, show, 'Push of app:1 to dev/app:1 failed');
    assert.match(shown[0] ?? '', /^Push of app:1 to dev\/app:1 failed: Nobody listens/);
    assert.match(shown[1] ?? '', /^Something went wrong.*out of tea/);
  });

  test('a kind that nobody handles has no button, and what was cancelled is not shown', async () => {
    const seen: string[] = [];
    const show: ShowError = (_message, buttons) => {
      seen.push(...buttons.map(({ title }) => title));
      return Promise.resolve(undefined);
    };
    await offerActions(gone, { showLog: () => undefined }, show);
    assert.deepEqual(seen, ['Show Log']);
    await offerActions(new TeaChestError('cancelled', 'Cancelled.'), { retry: () => undefined }, show);
    assert.deepEqual(seen, ['Show Log']);
  });
});
