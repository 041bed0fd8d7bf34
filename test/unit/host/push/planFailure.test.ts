import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import { controllerFor, seed, shownAs } from '../support/controllerFor.ts';
import { inputAsking, press } from '../support/fakeVscode.ts';

suite('the error of a plan', () => {
  test('is shown with buttons that lead to a new plan, and none that pushes', async (t) => {
    const { controller, connection, store, jobs, runs } = await controllerFor(t, { seed });
    const plans: PushArguments[] = [];
    const planAgain = (args: PushArguments): Promise<unknown> => Promise.resolve(plans.push(args));
    const args = { image: 'app:1', target: `${connection.host}/dev/app:1` };
    const lost = new TeaChestError('registryUnreachable', 'Nobody listens.');
    press('Retry');
    await controller.showPlanFailure(args, lost, planAgain);
    assert.match((await shownAs('error')).join(), /^Push of app:1 would fail: Nobody listens\. .*More About This/);
    assert.deepEqual(plans.splice(0), [args]);

    const facts = { platforms: 'linux/amd64, linux/arm64', missing: ['linux/s390x'] };
    const index = { image: 'part:1', target: `${connection.host}/dev/part:1` };
    press('Choose');
    const choosing = controller.showPlanFailure(
      index,
      new TeaChestError('platformNeeded', 'part:1 is an index.', { facts }),
      planAgain,
    );
    const list = await inputAsking(/does not have linux\/s390x of part:1/);
    list.type('arm64');
    list.enter();
    await choosing;
    assert.deepEqual(plans.splice(0), [{ ...index, platform: 'linux/arm64' }]);

    await store.remove(connection.origin);
    press('Sign In');
    const { host } = connection;
    const unknown = new TeaChestError('notSignedIn', 'You are not signed in.', { facts: { host } });
    const signingIn = controller.showPlanFailure(args, unknown, planAgain);
    (await inputAsking(/Address/)).leave();
    await signingIn;
    assert.deepEqual([plans, jobs, runs], [[], [], []]);
  });
});
