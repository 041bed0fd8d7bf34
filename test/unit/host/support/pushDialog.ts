import assert from 'node:assert/strict';
import type { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { EngineImage } from '../../../../src/core/docker/types.ts';
import type { PushSources } from '../../../../src/host/push/pushSources.ts';
import type { Owners } from '../../../../src/host/registry/registryBrowser.ts';
import { inputAsking, type QuickInput } from './fakeVscode.ts';
import { connectionTo, imageNamed, ownersNamed } from './hostFakes.ts';

export const gitea = connectionTo('https://gitea.test');
export const someOwners = ownersNamed(['dev', 'team', 'my-team'], {
  ...{ complete: true, audiences: new Map([['team', 'everybody'] as const]) },
});

/** A registry in which the person may push to every owner, unless there is a refusal for it. */
export function accessTo(
  owners: Owners,
  refusals: Readonly<Record<string, TeaChestError>> = {},
): PushSources['access'] {
  return {
    owners: () => Promise.resolve(owners),
    audienceOf: (_, owner) => Promise.resolve(owners.audiences.get(owner)),
    checkAccess: (_, repository) => {
      const refusal = refusals[repository.split('/')[0] ?? ''];
      return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
    },
    explainDenied: (_, error) => Promise.resolve(error),
  };
}

export function sources(more: Partial<PushSources> = {}): PushSources {
  const images: EngineImage[] = ['tool:armv7', 'app:1', 'armv7-base:2', 'x--y:1', 'x-y:1'].map(imageNamed);
  return {
    images: { open: () => Promise.resolve({ kind: 'ready', images }) },
    store: { list: () => [gitea], findByHost: () => undefined },
    memory: { last: () => undefined, owners: () => [] },
    access: accessTo(someOwners),
    publicOwners: { unconfirmed: () => Promise.resolve(undefined), remember: () => Promise.resolve() },
    folderRepositories: () => Promise.resolve([]),
    inspect: () => Promise.reject(new Error('The engine is not asked in this test.')),
    ...more,
  };
}

export function labels(list: QuickInput): readonly string[] {
  return list
    .shownRows()
    .map(({ label, description }) => (description === undefined ? label : `${label} (${description})`));
}

/** The list that proposes the whole destination. */
export const proposal = (): Promise<QuickInput> => inputAsking(/Where should/);

/** Chooses the row that changes a part of it. */
export async function change(part: string): Promise<void> {
  const list = await proposal();
  list.take(list.items.find(({ label }) => label.includes(`${part}: `)) ?? assert.fail(labels(list).join()));
}

export async function ownerList(): Promise<QuickInput> {
  await change('Owner');
  return await inputAsking(/Which owner/);
}
