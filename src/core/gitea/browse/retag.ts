import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BrowseCall, RegistryContents } from './registryContents.ts';

interface Retag {
  readonly repository: string;
  /** What the new tag shall stand for. */
  readonly digest: Digest;
  /** As `checkTag` returns it. */
  readonly tag: string;
  /** What the person has seen under the tag; undefined: that there is no such tag. */
  readonly replaces: Digest | undefined;
}

/** The digest for which a tag stands; undefined if there is no such tag. */
export async function digestOfTag(
  contents: RegistryContents,
  { repository, tag }: Pick<Retag, 'repository' | 'tag'>,
  call: BrowseCall,
): Promise<Digest | undefined> {
  return (await (await contents.open(repository, call)).headManifest(tag, call))?.digest;
}

/**
 * Gives a manifest another tag: its bytes are read, compared with the digest, and stored under the tag, and the registry
 * must then have the same digest there. No layer moves.
 */
export async function retag(contents: RegistryContents, wanted: Retag, call: BrowseCall): Promise<void> {
  const { repository: name, digest, tag, replaces } = wanted;
  const { host } = contents;
  const repository = await contents.open(name, call);
  const stored = await repository.readManifest(digest, call);
  if (stored === undefined) {
    const what = l10n.t`${host}/${name} has no manifest ${digest} any more.`;
    throw new TeaChestError('changedMeanwhile', what, { facts: { host } });
  }
  if (stored.digest !== digest) {
    const what = l10n.t`${host} gave other bytes for the manifest ${digest} of ${name}; their digest is ${stored.digest}. The tag “${tag}” was not set.`;
    throw new TeaChestError('digestMismatch', what, { facts: { host } });
  }
  if ((await repository.headManifest(tag, call))?.digest !== replaces) {
    const what = l10n.t`The tag “${tag}” of ${host}/${name} was pushed or deleted meanwhile, so it was left alone.`;
    throw new TeaChestError('changedMeanwhile', what, { facts: { host } });
  }
  const now = await repository.putManifest(tag, stored.bytes, stored.mediaType, call);
  if (now === digest) return;
  const what =
    now === undefined
      ? l10n.t`${host} has nothing under ${name}:${tag} now, and not ${digest} as it should.`
      : l10n.t`${host} has ${now} under ${name}:${tag} now, and not ${digest} as it should.`;
  throw new TeaChestError('digestMismatch', what, { facts: { host } });
}
