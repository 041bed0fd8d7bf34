import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CancellationToken, LanguageModelToolResult } from 'vscode';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import { findByHost } from '../../../../src/host/connections/findByHost.ts';
import { EngineLink } from '../../../../src/host/engine/engine.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { listingEngine } from '../engine/listingEngine.ts';
import type { ListPackagesDependencies } from '../../../../src/host/automation/tools/listPackagesTool.ts';
import type { PushImageToolDependencies } from '../../../../src/host/automation/tools/pushImageTool.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost, connectionTo, dev } from '../support/hostFakes.ts';

useFakeVscode();
const { ListImagesTool } = await import('../../../../src/host/automation/tools/listImagesTool.ts');
const { ListPackagesTool } = await import('../../../../src/host/automation/tools/listPackagesTool.ts');
const { PlanPushTool } = await import('../../../../src/host/automation/tools/planPushTool.ts');
const { PushImageTool } = await import('../../../../src/host/automation/tools/pushImageTool.ts');

const token = {
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose: () => undefined }),
} as unknown as CancellationToken;

const pushedImage = { identity: 'sha256:0', createdAt: undefined };

/** The one text of a result, as data. */
function dataOf(result: LanguageModelToolResult): Record<string, unknown> {
  const [part, ...others] = result.content as readonly { readonly value: string }[];
  assert.equal(others.length, 0);
  return JSON.parse(part?.value ?? '') as Record<string, unknown>;
}

const call = <T>(input: T): { readonly input: T; readonly toolInvocationToken: undefined } => ({
  ...{ input, toolInvocationToken: undefined },
});

/** The push tool, signed in to gitea.test. */
function pushTool({
  isPublic = false,
  isConfirmed = true,
  error,
  last,
}: {
  isPublic?: boolean;
  isConfirmed?: boolean;
  error?: TeaChestError;
  last?: PushImageToolDependencies['memory']['last'];
} = {}) {
  const jobs: PushJob[] = [];
  const tool = new PushImageTool({
    store: { findByHost: (host) => findByHost([connectionTo('https://gitea.test')], host) },
    memory: { last: last ?? (() => undefined) },
    access: {
      audienceOf: (_connection, owner) => Promise.resolve(isPublic && owner === 'dev' ? 'everybody' : 'members'),
    },
    publicOwners: { confirm: () => Promise.resolve(isConfirmed) },
    linkOffers: { isAutomatic: false, find: () => Promise.resolve(undefined), link: () => Promise.resolve() },
    onPushed: () => undefined,
    runner: {
      runAll: (all) => {
        jobs.push(...all);
        return Promise.resolve(
          all.map(({ target }) =>
            error === undefined
              ? {
                  kind: 'pushed',
                  result: { reference: formatTarget(target), digest: digestOf(Buffer.from('m')) } as PushResult,
                  image: pushedImage,
                }
              : { kind: 'failed', error },
          ),
        );
      },
    },
  });
  return { tool, jobs };
}

suite('the language-model tool that pushes', () => {
  const input = { image: 'app:1', target: 'gitea.test/dev/app:1' };

  test('always asks first, with the image, the target and who can see it', async () => {
    for (const [isPublic, who] of [
      [true, 'everybody who can reach the server can pull the image'],
      [false, 'Only the owner and its members can pull the image'],
    ] as const) {
      const { tool, jobs } = pushTool({ isPublic });
      const { confirmationMessages } = await tool.prepareInvocation({ input });
      assert.equal(confirmationMessages?.title, 'Push app:1 to gitea.test/dev/app:1?');
      const { value, isTrusted } = confirmationMessages.message as { value: string; isTrusted?: boolean };
      assert.ok(value.includes('`app:1`') && value.includes('`gitea.test/dev/app:1`') && value.includes(who), value);
      assert.notEqual(isTrusted, true);
      assert.deepEqual(jobs, [], 'and has pushed nothing');
    }
  });

  test('pushes to the target that was confirmed, and gives reference and digest', async () => {
    const { tool, jobs } = pushTool();
    const data = dataOf(await tool.invoke(call(input), token));
    assert.deepEqual(data, { reference: 'gitea.test/dev/app:1', digest: digestOf(Buffer.from('m')) });
    assert.equal(jobs[0]?.isUnattended, true);
  });

  test('pushes to the target that the person has read, though the image went elsewhere meanwhile', async () => {
    let repository = 'dev/app';
    const { tool, jobs } = pushTool({
      last: () => ({ origin: 'https://gitea.test', target: { host: 'gitea.test', repository, tag: '1' } }),
    });
    const { confirmationMessages } = await tool.prepareInvocation({ input: { image: 'app:1' } });
    assert.equal(confirmationMessages?.title, 'Push app:1 to gitea.test/dev/app:1?');
    repository = 'public/app';
    await tool.invoke(call({ image: 'app:1' }), token);
    assert.deepEqual(
      jobs.map(({ target }) => formatTarget(target)),
      ['gitea.test/dev/app:1'],
    );
  });

  test('does not push to a public owner that the person does not confirm', async () => {
    const { tool, jobs } = pushTool({ isPublic: true, isConfirmed: false });
    await assert.rejects(tool.invoke(call(input), token), /does not want to push to a public owner/);
    assert.deepEqual(jobs, []);
  });

  test('fails with the sentences that a person would read', async () => {
    const { tool } = pushTool({ error: new TeaChestError('quotaExceeded', 'The quota is used up.') });
    await assert.rejects(
      tool.invoke(call(input), token),
      /^Error: The quota is used up\. Delete old packages.*\(quotaExceeded\)$/,
    );
    await assert.rejects(tool.prepareInvocation({ input: { image: 'app:1' } }), /Nobody said where app:1 should go/);
    await assert.rejects(
      tool.prepareInvocation({ input: { image: 'app:1', target: 'other.test/dev/app:1' } }),
      /not signed in to other\.test\. Sign in to it first/,
    );
  });

  test('shows names that look like Markdown or commands as they are', async () => {
    const image = 'x`[go](command:rm)$(bell)';
    const { tool } = pushTool();
    const { confirmationMessages } = await tool
      .prepareInvocation({ input: { image: `sha256:${'a'.repeat(64)}`, target: 'gitea.test/dev/app:1' } })
      .catch(() => assert.fail('an ID can be pushed'));
    assert.equal(confirmationMessages?.title, 'Push aaaaaaaaaaaa to gitea.test/dev/app:1?');
    await assert.rejects(tool.prepareInvocation({ input: { image } }), /is not an image reference/);
  });
});

suite('the language-model tools that list', () => {
  test('give the images of the engine as data, without control characters', async () => {
    const id = digestOf(Buffer.from('image'));
    const references = ['app:1', 'app:\u001b[31m2\u202e'];
    const engine = listingEngine(() => Promise.resolve([engineImage({ id, references, platforms: [] })]));
    const tool = new ListImagesTool(new EngineLink(() => Promise.resolve(engine)));
    const { images, notListed } = dataOf(await tool.invoke(call({}))) as {
      images: { references: string[]; id: string }[];
      notListed: number;
    };
    assert.deepEqual(
      images.map((image) => [image.id, image.references]),
      [[id, ['app:1', 'app:2']]],
    );
    assert.equal(notListed, 0);
    assert.deepEqual(dataOf(await tool.invoke(call({ filter: 'tool' })))['images'], []);
  });

  test('give the packages of an owner and the tags of an image, and no secret', async (t) => {
    const gitea = await startFakeGitea({ seed: { users: [{ name: 'dev', password: dev.secret }], organizations: [] } });
    t.after(() => gitea.close());
    const { store, access } = buildHost(t);
    const tool = new ListPackagesTool({ store, access });
    await assert.rejects(tool.invoke(call({}), token), /not signed in to any registry\. Sign in/);
    await store.save(connectionTo(gitea.origin), dev);
    const listed = await tool.invoke(call({}), token);
    assert.deepEqual(dataOf(listed)['images'], []);
    assert.equal(dataOf(listed)['owner'], 'dev');
    assert.ok(!JSON.stringify(listed).includes(dev.secret));
    const tags = await tool.invoke(call({ image: 'app' }), token).then(dataOf, String);
    assert.ok(typeof tags === 'string' || Array.isArray(tags['tags']), 'an image that is not there has no tags');
    await store.save(connectionTo('https://other.test'), dev);
    const { registries } = dataOf(await tool.invoke(call({}), token)) as { registries: { host: string }[] };
    assert.deepEqual(registries.map(({ host }) => host).sort(), [gitea.host, 'other.test'].sort());
  });
});

suite('language-model tools that a model gives wrong input', () => {
  const inputs: readonly unknown[] = [
    undefined,
    null,
    'app:1',
    7,
    [],
    {},
    { image: 7 },
    { image: '' },
    { image: ['app:1'] },
  ];
  const more: readonly unknown[] = [
    { image: 'app:1', target: 7 },
    { image: 'app:1', target: '' },
    { image: 'app:1', platform: {} },
  ];
  const refusal = /The tool .* (takes one object of named arguments|needs “|wants “).*\(argumentInvalid\)$/;

  test('say what is wrong, and push nothing', async () => {
    const { tool, jobs } = pushTool();
    for (const input of [...inputs, ...more]) {
      const wrong = input as { image: string };
      await assert.rejects(tool.prepareInvocation({ input: wrong }), refusal, JSON.stringify(input));
      await assert.rejects(tool.invoke(call(wrong), token), refusal, JSON.stringify(input));
    }
    assert.deepEqual(jobs, []);
  });

  test('say what is wrong, and plan or list nothing', async () => {
    const plan = new PlanPushTool({
      planner: { plan: () => assert.fail('nothing is planned') },
      inspect: () => assert.fail('the engine is not asked'),
    });
    for (const input of [...inputs, ...more]) {
      await assert.rejects(plan.invoke(call(input as { image: string })), refusal, JSON.stringify(input));
    }
    const listing = new ListImagesTool(new EngineLink(() => assert.fail('the engine is not asked')));
    const packages = new ListPackagesTool({
      store: { list: () => assert.fail('not asked'), findByHost: () => assert.fail('not asked') },
      access: {} as ListPackagesDependencies['access'],
    });
    for (const input of ['app', 7, null, { filter: 7 }]) {
      await assert.rejects(
        listing.invoke(call(input as unknown as { filter: string })),
        refusal,
        JSON.stringify(input),
      );
    }
    for (const input of ['app', 7, null, { registry: 7 }, { owner: {} }, { image: false }]) {
      const wrong = input as unknown as { image: string };
      await assert.rejects(packages.invoke(call(wrong), token), refusal, JSON.stringify(input));
      await assert.rejects(packages.prepareInvocation({ input: wrong }), refusal, JSON.stringify(input));
    }
  });
});

suite('the language-model tool that plans a push', () => {
  test('takes one image, and reads no file that a model names', async () => {
    const planned: unknown[] = [];
    const tool = new PlanPushTool({
      planner: {
        plan: (all) => {
          planned.push(all);
          return Promise.resolve({ plan: { images: [], send: { precision: 'exact' } }, jobs: [], isPublic: [] });
        },
      },
      inspect: () => assert.fail('the image of a file was looked for'),
    });
    const input = { image: 'app:1', composeFile: '/etc/passwd' };
    dataOf(await tool.invoke(call(input)));
    assert.deepEqual(planned, [[{ image: 'app:1' }]]);
  });
});
