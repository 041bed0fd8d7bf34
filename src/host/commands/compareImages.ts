import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import { listImagesOf, type PlatformImage } from '../../core/compare/readImageOfRegistry.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import { describePlatform, matchesPlatform, type Platform } from '../../core/oci/platform.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import { comparisonUris } from '../compare/comparisonDocuments.ts';
import type { ComparedSide } from '../compare/comparedSide.ts';
import type { Connection } from '../connections/connection.ts';
import { inertText } from '../display/inertText.ts';
import { showInformation } from '../display/messages.ts';
import type { EngineLink } from '../engine/engine.ts';
import { pickOne } from '../input/prompts.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

export interface CompareDependencies extends RegistryActionDependencies {
  readonly link: Pick<EngineLink, 'get'>;
}

/** A tag or a digest in a registry. */
export interface RegistrySubject {
  readonly connection: Connection;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** An image of one platform that can be compared. */
interface ComparableImage {
  /** `linux/amd64`; undefined if it is the only image, and not one of an index. */
  readonly platform: string | undefined;
  readonly side: ComparedSide;
}

/** A tag, a digest or an image of the engine, with the images that it stands for. */
export interface Comparable {
  readonly name: string;
  readonly images: readonly ComparableImage[];
}

/** Rejects if there is no such tag any more. */
export async function registryComparable(
  contents: RegistryContents,
  { connection, repository, reference }: RegistrySubject,
  signal: AbortSignal,
): Promise<Comparable> {
  const { host, origin } = connection;
  const name = `${host}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
  const images = await listImagesOf(await contents.open(repository, { signal }), reference, { signal });
  if (images === undefined) {
    throw new TeaChestError('changedMeanwhile', l10n.t`${host} has no ${repository}:${reference} any more.`, {
      stage: 'browse',
    });
  }
  const toSide = ({ digest }: PlatformImage): ComparedSide => ({
    kind: 'registry',
    origin,
    repository,
    digest,
    label: name,
  });
  return { name, images: images.map((image) => ({ platform: image.platform, side: toSide(image) })) };
}

/** Of an index of containerd's store those platforms that are in the engine. */
export function engineComparable(name: string, { id, manifests = [] }: ImageDetails): Comparable {
  const side = { kind: 'engine', id, label: name } as const;
  const platforms = manifests
    .filter(({ isAvailable, attests }) => isAvailable && attests === undefined)
    .flatMap(({ platform }) => (platform === undefined ? [] : (describePlatform(platform) ?? [])));
  const [first, ...others] = platforms;
  if (first === undefined || others.length === 0) return { name, images: [{ platform: undefined, side }] };
  return { name, images: platforms.map((platform) => ({ platform, side: { ...side, platform } })) };
}

/** Opens the diff editor, after asking for the platform where there are several. `own`: the platform of a single image. */
export async function openComparison(left: Comparable, right: Comparable, own: Platform | undefined): Promise<void> {
  const pairs = commonPlatforms(left, right, own);
  const [first, ...others] = pairs;
  if (first === undefined) {
    void showInformation(
      l10n.t`${left.name} (${platformsOf(left)}) and ${right.name} (${platformsOf(right)}) have no platform in common.`,
      [],
    );
    return;
  }
  const choices = pairs.map((pair) => ({ label: pair.platform ?? shortName(pair.left), value: pair }));
  const chosen =
    others.length === 0
      ? first
      : await pickOne(choices, { title: l10n.t('Compare Images'), placeholder: l10n.t('For which platform?') });
  if (chosen === undefined) return;
  const uris = comparisonUris({ left: chosen.left, right: chosen.right });
  const title = inertText(`${lastPart(left.name)} ↔ ${lastPart(right.name)}`);
  // The head says what is equal: without a selection, the editor would scroll to the first difference.
  const selection = new vscode.Range(0, 0, 0, 0);
  await vscode.commands.executeCommand('vscode.diff', uris.left, uris.right, title, { preview: true, selection });
}

interface PlatformPair {
  readonly platform: string | undefined;
  readonly left: ComparedSide;
  readonly right: ComparedSide;
}

/** Two single images are compared whatever their platforms are. A single one is compared with the index's of its platform. */
function commonPlatforms(left: Comparable, right: Comparable, own: Platform | undefined): readonly PlatformPair[] {
  return left.images.flatMap((one) =>
    right.images
      .filter((other) => isSamePlatform(one.platform, other.platform, own))
      .map((other) => ({ platform: one.platform ?? other.platform, left: one.side, right: other.side })),
  );
}

function isSamePlatform(left: string | undefined, right: string | undefined, own: Platform | undefined): boolean {
  if (left !== undefined && right !== undefined) return left === right;
  const listed = left ?? right;
  // The platform of a single image is only known of one in the engine.
  return listed === undefined || own === undefined || matchesPlatform(listed, own);
}

function platformsOf({ images }: Comparable): string {
  const names = images.map(({ platform }) => platform).filter((platform) => platform !== undefined);
  return names.length === 0
    ? l10n.t({ message: 'one image', comment: 'In brackets, in place of a list of platforms.' })
    : names.join(', ');
}

function shortName(side: ComparedSide): string {
  return side.kind === 'engine' ? side.label : shortDigest(side.digest);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
