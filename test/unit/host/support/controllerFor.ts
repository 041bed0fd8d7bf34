/* eslint-disable @typescript-eslint/explicit-module-boundary-types -- what tests read of it is what counts */
import type { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { LinkSetting } from '../../../../src/host/config.ts';
import type { LoginSources } from '../../../../src/host/connections/loginSources.ts';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import type { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { LinkOffers } from '../../../../src/host/registry/linkOffers.ts';
import { PublicOwners } from '../../../../src/host/targets/publicOwners.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { inputAsking, takeShown, useFakeVscode } from './fakeVscode.ts';
import { buildHost, connectionTo, dev, imageNamed, memento, noLogins } from './hostFakes.ts';
import { until } from './until.ts';

useFakeVscode();
const { PushController } = await import('../../../../src/host/push/pushController.ts');

function resultOf({ target }: PushJob): PushResult {
  return {
    reference: formatTarget(target),
    digest: `sha256:${'a'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...{ uploadedBytes: 1, mountedBytes: 0, skippedBytes: 0, durationMs: 1000, strategy: 'export', notices: [] },
  };
}

/** An index of which one platform of three is missing. */
function inspected(): ImageDetails {
  const child = (architecture: string, isAvailable = true): EngineManifest => ({
    digest: digestOf(Buffer.from(architecture)),
    ...{ isAvailable, platform: { os: 'linux', architecture } },
  });
  return {
    ...{ id: digestOf(Buffer.from('index')), references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
    ...{ platform: { os: 'linux', architecture: 'amd64' }, manifestType: mediaTypes.ociIndex },
    manifests: [child('amd64'), child('arm64'), child('s390x', false)],
  };
}

/** A controller that is signed in to a fake Gitea. The runner only records its jobs, and fails with `failures` first. */
export async function controllerFor(
  t: { after(work: () => unknown): void },
  { logins = noLogins, ...options }: FakeGiteaOptions & { readonly logins?: LoginSources } = {},
) {
  const fakeGitea = await startFakeGitea(options);
  t.after(() => fakeGitea.close());
  const { store, access, secrets, signingIn } = buildHost(t);
  const connection = connectionTo(fakeGitea.origin);
  await store.save(connection, dev);
  const asked: string[] = [];
  const answers: boolean[] = [];
  const publicOwners = new PublicOwners(
    memento(),
    (...which) => access.audienceOf(...which),
    (message, detail) => {
      asked.push([message, ...detail].join('\n'));
      return Promise.resolve(answers.shift() ?? true);
    },
  );
  const folder: string[] = [];
  const links: { setting: LinkSetting } = { setting: 'ask' };
  const linkOffers = new LinkOffers({
    ...{ access, folderRepositories: () => Promise.resolve(folder), setting: () => links.setting },
    ...{ state: memento(), isSaved: () => true, logger: silentLogger },
  });
  const plans: { isAlwaysShown: boolean; readonly shown: PushArguments[] } = { isAlwaysShown: false, shown: [] };
  const jobs: PushJob[] = [];
  const runs: (readonly PushJob[])[] = [];
  const failures: TeaChestError[] = [];
  let updates = 0;
  const runner: Pick<PushRunner, 'run' | 'runAll'> = {
    run: (job) => {
      jobs.push(job);
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve(resultOf(job)) : Promise.reject(failure);
    },
    runAll: (all, { onRecord }) => {
      runs.push(all);
      onRecord?.(String(runs.length));
      return Promise.resolve(
        all.map((job) => {
          const error = failures.shift();
          const image = { identity: 'sha256:0', createdAt: undefined };
          return error === undefined ? { kind: 'pushed', result: resultOf(job), image } : { kind: 'failed', error };
        }),
      );
    },
  };
  const images = ['app:1', 'tool:1', 'x--y:1', 'x-y:1'].map(imageNamed);
  const controller = new PushController({
    runner,
    images: { open: () => Promise.resolve({ kind: 'ready', images }) },
    inspect: (image) =>
      image === 'part:1' ? Promise.resolve(inspected()) : Promise.reject(new Error('It is not asked in this test.')),
    memory: { last: () => undefined, owners: () => [] },
    folderRepositories: () => Promise.resolve(folder),
    linkOffers,
    onPushed: () => updates++,
    preview: {
      isAlwaysShown: () => plans.isAlwaysShown,
      show: (all) => plans.shown.push(...all),
      showPush: () => undefined,
    },
    ...{ ...signingIn, logins, store, access, publicOwners },
  });
  /** What the accepted rows said about who can pull the image. */
  const confirmed: string[] = [];
  const answer = async (owner: string): Promise<void> => {
    const proposal = await inputAsking(/Where should/);
    proposal.take(proposal.items.find(({ label }) => label.includes('Owner: ')));
    const owners = await inputAsking(/Which owner/);
    owners.type(owner);
    owners.enter();
    const changed = await inputAsking(/Where should/);
    confirmed.push(...changed.items.slice(0, 1).flatMap(({ detail }) => detail ?? []));
    changed.enter();
  };
  const push = async (owner: string): Promise<void> => {
    const done = controller.askAndPush({ image: 'app:1' });
    await answer(owner);
    await done;
  };
  const pushed = (): readonly string[] => jobs.map(({ target }) => target.repository);
  takeShown();
  return {
    ...{
      fakeGitea,
      store,
      secrets,
      connection,
      access,
      publicOwners,
      controller,
      asked,
      confirmed,
      answers,
      jobs,
      runs,
      failures,
      pushed,
      folder,
      links,
      linkOffers,
      runner,
      plans,
    },
    ...{ push, answer, updates: () => updates },
  };
}

/** The first text of this element that matches, once it is shown. */
export async function shownUntil(element: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = (await shownAs(element)).find((text) => pattern.test(text));
    if (found !== undefined) return found;
  }
}

/** What was shown as an error, information or other element, once there is something. */
export async function shownAs(element: string): Promise<readonly string[]> {
  return await until(
    () => {
      const texts = takeShown().filter((one) => one.element === element);
      return texts.length > 0 ? texts.map(({ text }) => text) : undefined;
    },
    () => `Nothing was shown as ${element}`,
  );
}

export const audiences = { dev: 'members', limitedteam: 'signedIn', privateteam: 'members', publicteam: 'everybody' };

export const seed = {
  users: [{ name: 'dev', password: dev.secret, visibility: 'private' as const }],
  organizations: (['public', 'limited', 'private'] as const).map((visibility) => ({
    name: `${visibility}Team`,
    visibility,
    teams: [{ name: 'developers', permission: 'write' as const, members: ['dev'] }],
  })),
};
