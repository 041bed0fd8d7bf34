import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, suite, test } from 'node:test';
import { takeShown, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { withNotification } = await import('../../../../src/host/display/withNotification.ts');
const { inertText } = await import('../../../../src/host/display/inertText.ts');
const fake = await import('../support/fakeVscode.ts');

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

const progress = (): string[] =>
  takeShown()
    .filter(({ element }) => element.startsWith('progress.'))
    .map(({ text }) => text);

suite('the progress of work in a notification', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    takeShown();
  });
  afterEach(() => {
    mock.timers.reset();
  });

  test('is not shown for work that ends at once, well or not', async () => {
    assert.equal(await withNotification('Adding a tag', () => Promise.resolve('added')), 'added');
    await assert.rejects(
      withNotification('Adding a tag', () => Promise.reject(new Error('refused'))),
      /refused/,
    );
    mock.timers.tick(10_000);
    await settled();
    assert.deepEqual(progress(), []);
  });

  test('is shown for work that lasts, with what was reported before', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const done = withNotification('Pulling', (report) => {
      report('first', 1);
      report('second', 2);
      setTimeout(() => {
        report('third', 3);
      }, 1000);
      return promise;
    });
    mock.timers.tick(499);
    await settled();
    assert.deepEqual(progress(), []);
    mock.timers.tick(1);
    await settled();
    assert.deepEqual(progress(), ['Pulling', 'second']);
    mock.timers.tick(500);
    assert.deepEqual(progress(), ['third']);
    resolve('pulled');
    assert.equal(await done, 'pulled');
  });

  test('shows text from outside as plain text', async () => {
    const outside = 'app $(bell) [x](command:y)';
    const done = withNotification(outside, (report) => {
      report(outside, 1);
      return new Promise<void>((resolve) => setTimeout(resolve, 1000));
    });
    mock.timers.tick(500);
    await settled();
    mock.timers.tick(500);
    await done;
    assert.deepEqual(progress(), [inertText(outside), inertText(outside)]);
    assert.notEqual(inertText(outside), outside);
  });

  test('cancels the work by its button, and gives its error', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const done = withNotification('Pulling', async (_report, token) => {
      token.onCancellationRequested(() => {
        reject(new Error('cancelled'));
      });
      return await promise;
    });
    mock.timers.tick(500);
    await settled();
    fake.lastProgress?.cancel();
    await assert.rejects(done, /cancelled/);
    assert.equal(fake.lastProgress?.listeners, 0);
  });
});
