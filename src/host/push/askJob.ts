import * as l10n from '@vscode/l10n';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { reconnect, signInToGoOn } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { askImages, type AfterQuestions, type AskedImages } from './askImages.ts';
import { askPush } from './askPush.ts';
import { withoutPreflight } from './preflight.ts';
import type { PushStart } from './pushAnswers.ts';
import type { PushOptions } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { PushSources } from './pushSources.ts';

export interface AskJobDependencies extends PushSources, AskSignInDependencies {
  readonly store: ConnectionStore;
  /** Asked about a target that a person chose in the dialog, not about the target of a command. */
  readonly publicOwners: Pick<PublicOwners, 'confirm' | 'unconfirmed' | 'remember'>;
}

export interface AskJobOptions {
  /** The plan follows, so that nothing needs to be confirmed yet. */
  readonly isPreview: boolean;
}

/** Asks what to push and where to. Undefined if the person leaves. */
export async function askJob(
  dependencies: AskJobDependencies,
  start: PushStart,
  options: PushOptions,
  { isPreview }: AskJobOptions,
): Promise<PushJob | undefined> {
  if (!(await hasRegistry(dependencies))) return undefined;
  const { platform } = options;
  const title = start.title ?? (isPreview ? l10n.t('Preview Push') : undefined);
  const named = { ...start, ...(title !== undefined && { title }), isPreview, platform };
  const job = await askPush(sourcesOf(dependencies, isPreview), named);
  if (job === undefined || !(await areConfirmed(dependencies, [job], { isPreview }))) return undefined;
  return { ...attendedJob(job, dependencies), ...options, platform: platform ?? job.platform };
}

/** Asks once where all images should go. Without `images`, the person chooses them. No job if the person leaves. */
export async function askJobs(
  dependencies: AskJobDependencies,
  images: readonly string[] | undefined,
  next: AfterQuestions,
): Promise<AskedImages> {
  const nothing = { jobs: [], isPreview: false };
  if (!(await hasRegistry(dependencies))) return nothing;
  const asked = await askImages(sourcesOf(dependencies, next === 'plan'), images, next);
  if (asked === undefined || !(await areConfirmed(dependencies, asked.jobs, asked))) return nothing;
  return { ...asked, jobs: asked.jobs.map((job) => attendedJob(job, dependencies)) };
}

/** True if the person confirms the first push to each public owner, and there is a credential for each registry. */
export async function areConfirmed(
  dependencies: AskJobDependencies,
  jobs: readonly PushJob[],
  { isPreview }: AskJobOptions,
): Promise<boolean> {
  for (const job of jobs) {
    const isConfirmed = isPreview || (await dependencies.publicOwners.confirm(job));
    if (!isConfirmed || !(await hasCredential(dependencies, job))) return false;
  }
  return true;
}

/**
 * The job of a person who can be asked, with its connection as it is now: signing in again may have changed it. The checks
 * before a push refuse a job of a command where they would ask a person.
 */
export function attendedJob(
  { isUnattended: _, ...job }: PushJob,
  { store }: { readonly store: Pick<ConnectionStore, 'find'> },
): PushJob {
  return { ...job, connection: store.find(job.connection.origin) ?? job.connection };
}

/** For a preview, which publishes nothing. */
const nothingToConfirm: PushSources['publicOwners'] = {
  unconfirmed: () => Promise.resolve(undefined),
  remember: () => Promise.resolve(),
};

function sourcesOf(sources: AskJobDependencies, isPreview: boolean): PushSources {
  if (!isPreview) return sources;
  return { ...sources, access: withoutPreflight(sources.access), publicOwners: nothingToConfirm };
}

async function hasRegistry(dependencies: AskJobDependencies): Promise<boolean> {
  return dependencies.store.list().length > 0 || (await signInToGoOn(dependencies, { toPush: true }));
}

/** Signs in again if this machine did not keep the credential. False if the person cancels that. */
async function hasCredential(dependencies: AskJobDependencies, { connection }: PushJob): Promise<boolean> {
  const { store } = dependencies;
  if (connection.username === '' || (await store.credential(connection.origin)) !== undefined) return true;
  return await reconnect(dependencies, connection, 'signIn');
}
