import * as l10n from '@vscode/l10n';
import { joinSentences } from '../base/joinSentences.ts';
import { TeaChestError } from '../base/errors.ts';
import { shortDigest, type Digest } from '../oci/digest.ts';
import { isImageManifest } from '../oci/mediaTypes.ts';
import { describePlatform, findByPlatform, matchesPlatform } from '../oci/platform.ts';
import type { EngineManifest, ImageDetails } from '../ports/imageSource.ts';

/** What of an image is published. */
export type Selection =
  /** All of it: the tag gets the digest that the engine has. */
  | { readonly kind: 'whole' }
  /**
   * The engine does not list the image's manifests (Docker 23 to 27), or not in a form that can be read: its archive shows
   * them, or it pushes what it has.
   */
  | { readonly kind: 'unlisted'; readonly platform: string | undefined }
  /** One manifest of an index alone, with the digest that it has there. `isAsked`: for its platform. */
  | {
      readonly kind: 'manifest';
      readonly manifest: EngineManifest;
      readonly isAsked: boolean;
      readonly missing: readonly string[];
    }
  /** An index of ours with the manifests of the engine's index that are here. */
  | { readonly kind: 'available'; readonly digests: ReadonlySet<Digest>; readonly missing: readonly string[] };

/** As a value of the argument `platform`: everything that the engine has of an index (as `crane --platform all`). */
export const allPlatforms = 'all';

type Listed = Pick<ImageDetails, 'id' | 'references' | 'platform' | 'storesBlobs' | 'manifestType' | 'manifests'>;

/**
 * Decides what of an image is published, before any byte moves. `platform`: `os/architecture[/variant]` or `all`, as the
 * person or the caller chose. Without it a complete index goes out whole, and of an incomplete one its only platform, as
 * with `docker push` of Docker 28; if several platforms are here, rejects with `platformNeeded`. With a platform that the
 * engine does not have, rejects with `imageNotFound`.
 */
export function chooseManifests(image: Listed, platform: string | undefined): Selection {
  const { manifests } = image;
  const wanted = platform === allPlatforms ? undefined : platform;
  const isListed = manifests !== undefined || isImageManifest(image.manifestType);
  if (image.storesBlobs === true && !isListed) return { kind: 'unlisted', platform };
  if (manifests === undefined || isImageManifest(image.manifestType)) {
    if (wanted !== undefined && !matchesPlatform(wanted, image.platform)) throw otherPlatform(image, wanted);
    return { kind: 'whole' };
  }
  const missing = namesOfMissing(manifests);
  if (wanted !== undefined) return { kind: 'manifest', manifest: findPlatform(image, wanted), isAsked: true, missing };
  if (missing.length === 0) return { kind: 'whole' };
  const here = availablePlatforms(manifests);
  const [only, ...others] = here;
  if (only === undefined) throw nothingHere(image, missing);
  if (platform === allPlatforms) return { kind: 'available', digests: availableDigests(manifests), missing };
  if (others.length === 0) return { kind: 'manifest', manifest: only, isAsked: false, missing };
  throw undecided(image, here, missing);
}

/** The manifests of an index that are published, in its order. */
export function selectedManifests({ manifests = [] }: Listed, selection: Selection): readonly EngineManifest[] {
  return selection.kind === 'available' ? manifests.filter(({ digest }) => selection.digests.has(digest)) : manifests;
}

/** What a person can choose from; undefined where there is nothing to choose. */
export interface ManifestChoices {
  readonly platforms: readonly Pick<EngineManifest, 'platform' | 'size'>[];
  readonly attestations: number;
  /** What the index names and the engine does not have. */
  readonly missing: readonly string[];
}

/**
 * Of an index that is not complete. If a single platform is left of it, there is no choice: that one is pushed, with a
 * notice.
 */
export function manifestChoices({ manifestType, manifests = [] }: Listed): ManifestChoices | undefined {
  const missing = namesOfMissing(manifests);
  const kept = availableDigests(manifests);
  if (isImageManifest(manifestType) || missing.length === 0 || kept.size < 2) return undefined;
  const attestations = manifests.filter(({ attests, digest }) => attests !== undefined && kept.has(digest)).length;
  const platforms = availablePlatforms(manifests);
  return platforms.length === 0 ? undefined : { platforms, attestations, missing };
}

function availablePlatforms(manifests: readonly EngineManifest[]): readonly EngineManifest[] {
  return manifests.filter(({ isAvailable, attests, platform }) => isAvailable && !attests && platform !== undefined);
}

/** Attestations go with the manifest that they are of. */
function availableDigests(manifests: readonly EngineManifest[]): ReadonlySet<Digest> {
  const available = manifests.filter(({ isAvailable }) => isAvailable);
  const images = new Set(available.filter(({ attests }) => attests === undefined).map(({ digest }) => digest));
  const attestations = available.filter(({ attests }) => attests !== undefined && images.has(attests));
  return new Set([...images, ...attestations.map(({ digest }) => digest)]);
}

/** `linux/arm64`, `the attestation of linux/amd64`. */
function namesOfMissing(manifests: readonly EngineManifest[]): readonly string[] {
  return manifests.filter(({ isAvailable }) => !isAvailable).map((manifest) => nameOf(manifest, manifests));
}

function nameOf({ digest, platform, attests }: EngineManifest, manifests: readonly EngineManifest[]): string {
  const subject = attests && manifests.find((other) => other.digest === attests);
  if (subject !== undefined)
    return l10n.t({
      message: 'the attestation of {0}',
      args: [nameOf(subject, [])],
      comment: 'A part of an image, in a list of parts.',
    });
  return (platform && describePlatform(platform)) ?? manifestName(digest);
}

/** In a list of what an image has, or lacks. */
export function manifestName(digest: Digest): string {
  return l10n.t({
    message: 'the manifest {0}',
    args: [shortDigest(digest)],
    comment: 'A part of an image, in a list of parts.',
  });
}

function findPlatform(image: Listed, wanted: string): EngineManifest {
  const { manifests = [] } = image;
  const platforms = manifests.flatMap(({ platform, attests, ...rest }) =>
    platform === undefined || attests !== undefined ? [] : [{ ...rest, platform }],
  );
  const found = findByPlatform(wanted, platforms, ({ platform }) => platform);
  const here = found.filter(({ isAvailable }) => isAvailable);
  const [only, ...others] = here;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) throw undecided(image, here, []);
  const names = listOf(availablePlatforms(manifests));
  const instead =
    names === ''
      ? l10n.t('It has nothing of it that could be pushed.')
      : l10n.t`It can push ${names}, or “all” of these.`;
  const why =
    found.length > 0
      ? l10n.t`The engine has only a part of ${nameOfImage(image)} for ${wanted}: pull that platform again, or build it.`
      : l10n.t`The engine has ${nameOfImage(image)} not for ${wanted}.`;
  throw new TeaChestError('imageNotFound', joinSentences(why, instead), {
    stage: 'inspect',
    facts: { image: nameOfImage(image), platform: wanted, platforms: names },
  });
}

function otherPlatform(image: Listed, wanted: string): TeaChestError {
  const found = describePlatform(image.platform);
  const name = nameOfImage(image);
  const sentence =
    found === undefined
      ? l10n.t`The engine has ${name} for no platform that it names, not for ${wanted}.`
      : l10n.t`The engine has ${name} for ${found}, not for ${wanted}.`;
  const facts = { image: name, ...(found !== undefined && { platform: found }) };
  return new TeaChestError('imageNotFound', sentence, { stage: 'inspect', facts });
}

function undecided(image: Listed, here: readonly EngineManifest[], missing: readonly string[]): TeaChestError {
  const names = listOf(here);
  const sentences = [
    l10n.t`${nameOfImage(image)} is an index of several platforms.`,
    ...(missing.length === 0 ? [] : [l10n.t`The engine does not have ${missing.join(', ')}.`]),
    l10n.t`It has ${names}: one of these can be pushed, or “all” that is there.`,
  ];
  return new TeaChestError('platformNeeded', joinSentences(...sentences), {
    stage: 'inspect',
    facts: { image: nameOfImage(image), platforms: names, missing },
  });
}

function nothingHere(image: Listed, missing: readonly string[]): TeaChestError {
  const lacking = missing.join(', ');
  const sentence =
    missing.length === 1
      ? l10n.t`The container engine has only a part of ${nameOfImage(image)}: ${lacking} is not complete. Pull it again, or build it anew.`
      : l10n.t`The container engine has only a part of ${nameOfImage(image)}: ${lacking} are not complete. Pull it again, or build it anew.`;
  return new TeaChestError('engineFailed', sentence, {
    stage: 'inspect',
    facts: { image: nameOfImage(image), missing },
  });
}

function listOf(manifests: readonly EngineManifest[]): string {
  return manifests.map((manifest) => nameOf(manifest, manifests)).join(', ');
}

function nameOfImage({ references, id }: Listed): string {
  return references[0] ?? shortDigest(id);
}
