import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AskAgain, runSteps, Navigation, type StepPosition, type Step } from '../../../../src/host/input/runSteps.ts';

type Answers = Readonly<Record<string, string>>;
type Reply = string | Navigation | AskAgain<Answers>;

/** Steps with scripted answers, and a record of what was asked at which step. */
function scripted(
  names: readonly string[],
  replies: readonly Reply[],
  settled: (name: string, state: Answers) => boolean = () => false,
): { readonly steps: readonly Step<Answers>[]; readonly asked: string[] } {
  const asked: string[] = [];
  let next = 0;
  const steps = names.map((name) => ({
    name,
    isSettled: (state: Answers): boolean => settled(name, state),
    ask: (state: Answers, { step, totalSteps }: StepPosition): Promise<Answers> => {
      asked.push(`${name} ${step}/${totalSteps}`);
      const reply = replies[next++];
      if (typeof reply !== 'string') return Promise.reject(reply ?? new Error('asked too often'));
      return Promise.resolve({ ...state, [name]: reply });
    },
  }));
  return { steps, asked };
}

suite('multi-step input', () => {
  test('asks in order and collects the answers', async () => {
    const { steps, asked } = scripted(['one', 'two'], ['1', '2']);
    assert.deepEqual(await runSteps('T', steps, {}), { one: '1', two: '2' });
    assert.deepEqual(asked, ['one 1/2', 'two 2/2']);
  });

  test('going back keeps the answer given before', async () => {
    const { steps, asked } = scripted(['one', 'two'], ['1', new Navigation('back'), 'changed', '2']);
    assert.deepEqual(await runSteps('T', steps, {}), { one: 'changed', two: '2' });
    assert.deepEqual(asked, ['one 1/2', 'two 2/2', 'one 1/2', 'two 2/2']);
  });

  test('what has one answer is neither asked nor counted, forwards or backwards', async () => {
    const { steps, asked } = scripted(
      ['one', 'two', 'three'],
      ['1', new Navigation('back'), '1', '3'],
      (name) => name === 'two',
    );
    assert.deepEqual(await runSteps('T', steps, {}), { one: '1', three: '3' });
    assert.deepEqual(asked, ['one 1/2', 'three 2/2', 'one 1/2', 'three 2/2']);
  });

  test('the total stays when an answer settles later questions, and each number is shown once', async () => {
    const { steps, asked } = scripted(
      ['address', 'user', 'secret'],
      ['dev@h', new Navigation('back'), 'h', 'dev', 's'],
      (name, state) => name === 'user' && state['address'] === 'dev@h',
    );
    await runSteps('T', steps, {});
    assert.deepEqual(asked, ['address 1/3', 'secret 3/3', 'address 1/2', 'user 2/3', 'secret 3/3']);
  });

  test('the total grows by a question that only an answer shows to be needed', async () => {
    const { steps, asked } = scripted(
      ['address', 'user', 'secret', 'kept', 'why'],
      ['dev@h', 's', 'token', 'x'],
      (name, state) =>
        (name === 'user' && state['address'] !== 'h') ||
        (name === 'kept' && state['secret'] === undefined) ||
        (name === 'why' && state['kept'] === undefined),
    );
    await runSteps('T', steps, {});
    assert.deepEqual(asked, ['address 1/2', 'secret 2/2', 'kept 3/3', 'why 4/4']);
  });

  test('a question waits for no later one that only a server can settle', async () => {
    const answer = Promise.withResolvers<boolean>();
    const asked: string[] = [];
    const ask =
      (name: string) =>
      (state: Answers, { step, totalSteps }: StepPosition): Promise<Answers> => {
        asked.push(`${name} ${step}/${totalSteps}`);
        answer.resolve(true);
        return Promise.resolve({ ...state, [name]: 'x' });
      };
    const steps = [
      { name: 'one', ask: ask('one') },
      { name: 'server', isSettled: () => answer.promise, ask: ask('server') },
      { name: 'broken', isSettled: () => Promise.resolve(true), ask: ask('broken') },
    ];
    assert.deepEqual(await runSteps('T', steps, {}), { one: 'x' });
    assert.deepEqual(asked, ['one 1/3']);
  });

  test('a question that is seldom asked counts only once that is known', async () => {
    const asked: string[] = [];
    const ask =
      (name: string) =>
      (state: Answers, { step, totalSteps }: StepPosition): Promise<Answers> => {
        asked.push(`${name} ${step}/${totalSteps}`);
        return Promise.resolve(state);
      };
    const rare = { name: 'rare', isSettled: () => Promise.resolve(false), isRare: true, ask: ask('rare') };
    await runSteps('Push', [{ name: 'first', ask: ask('first') }, rare], {});
    assert.deepEqual(asked, ['first 1/1', 'rare 2/2']);
  });

  test('leaving gives undefined', async () => {
    const { steps } = scripted(['one', 'two'], ['1', new Navigation('cancel')]);
    assert.equal(await runSteps('T', steps, {}), undefined);
  });

  test('a late discovery sends back to the step that can correct it, with its state', async () => {
    const again = new AskAgain<Answers>('one', { one: '', problem: 'wrong address' });
    const { steps, asked } = scripted(['one', 'two', 'three'], ['1', '2', again, 'better', '2', '3']);
    assert.deepEqual(await runSteps('T', steps, {}), { one: 'better', two: '2', three: '3', problem: 'wrong address' });
    assert.deepEqual(asked, ['one 1/3', 'two 2/3', 'three 3/3', 'one 1/3', 'two 2/3', 'three 3/3']);
  });

  test('any other error comes out', async () => {
    const steps: Step<Answers>[] = [{ name: 'one', ask: () => Promise.reject(new RangeError('no')) }];
    await assert.rejects(runSteps('T', steps, {}), RangeError);
  });
});
