import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { ImagePlan, PlannedLayer, SendEstimate, TimeEstimate } from '../../core/push/plan/pushPlan.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import { briefInstruction } from './layerText.ts';
import { formatBytes, formatDuration } from './format.ts';

/** Something that a person should know before the push. */
export interface PlanWarning {
  readonly code: 'tagOverwritten' | 'publicOwner' | 'uncompressed' | 'indexIncomplete';
  readonly message: string;
}

/** `isPublic`: everybody will be able to pull the image. */
export function planWarnings(image: ImagePlan, { isPublic }: { readonly isPublic: boolean }): readonly PlanWarning[] {
  const { tag, missing, manifests, uncompressedBytes, reference } = image;
  const warnings: PlanWarning[] = [];
  if (tag.state === 'other') {
    warnings.push({ code: 'tagOverwritten', message: describeOverwritten(tag) });
  }
  if (isPublic) {
    const message = l10n.t`Everybody who can reach the registry can pull ${reference}: its owner is public.`;
    warnings.push({ code: 'publicOwner', message });
  }
  if (uncompressedBytes > 0) {
    const message = l10n.t`${formatBytes(uncompressedBytes)} would go out uncompressed, as the container engine stores them. With the setting “teaChest.push.compression” at “gzip” they are compressed; the digest is then not the engine’s.`;
    warnings.push({ code: 'uncompressed', message });
  }
  const left = manifests.filter(({ isPublished, isAvailable }) => isAvailable && !isPublished).length;
  if (missing.length > 0) {
    const lacking = l10n.t`The container engine does not have ${missing.join(', ')} of the image.`;
    const rest = left > 0 ? [l10n.t('Only a part of what is there would be pushed.')] : [];
    warnings.push({ code: 'indexIncomplete', message: joinSentences(lacking, ...rest) });
  }
  return warnings;
}

function describeOverwritten({ digest, expected }: ImagePlan['tag']): string {
  const there =
    digest === undefined
      ? l10n.t('The tag exists and would be overwritten: it is another image now.')
      : l10n.t`The tag exists and would be overwritten: it is ${`sha256:${shortDigest(digest)}`} now.`;
  const next =
    expected === undefined
      ? l10n.t('The new digest is known once the layers are compressed.')
      : l10n.t`The new digest is ${`sha256:${shortDigest(expected)}`}.`;
  return joinSentences(there, next);
}

/** `120 MB`, `at most about 120 MB`, `not known before the engine sends it`. */
export function describeSend({ bytes, precision }: SendEstimate): string {
  if (bytes === undefined) return l10n.t('not known before the engine sends it');
  if (bytes === 0) return l10n.t({ message: 'nothing', comment: 'What a push would send: no bytes' });
  return precision === 'exact' ? formatBytes(bytes) : l10n.t`at most about ${formatBytes(bytes)}`;
}

/** `10 s at 12 MB/s, the rate of earlier pushes to this registry`. */
export function describeTime({ seconds, bytesPerSecond }: TimeEstimate, { precision }: SendEstimate): string {
  const [time, rate] = [formatDuration(seconds), formatBytes(bytesPerSecond)];
  return precision === 'exact'
    ? l10n.t`${time} at ${rate}/s, as earlier pushes to this registry`
    : l10n.t`at most about ${time} at ${rate}/s, as earlier pushes to this registry`;
}

/** What the push would do with a layer: `there already`, `probably there: dev/base has it`. */
export function plannedState({ state, knownIn = '', isShared }: PlannedLayer): string {
  if (isShared === true) return l10n.t('sent with an image above');
  switch (state) {
    case 'exists':
      return l10n.t('there already');
    case 'mountable':
      return l10n.t`would be mounted from ${knownIn}`;
    case 'probable':
      return l10n.t('probably there: a tag names it, and the push checks that');
    case 'send':
      return l10n.t('would be sent');
    case 'unknown':
      return l10n.t('known once it is compressed');
  }
}

/** The instruction that made a layer, or its digest, or the platform whose layers are not known. */
export function plannedName({ instruction, diffId, digest, platform, isAttestation }: PlannedLayer): string {
  if (instruction !== undefined) return briefInstruction(instruction);
  if (isAttestation === true) return l10n.t('Attestation');
  const known = diffId ?? digest;
  if (known !== undefined) return l10n.t`Layer ${shortDigest(known)}`;
  return platform === undefined ? l10n.t('All layers') : l10n.t`All layers of ${platform}`;
}

const strategies = {
  none: l10n.t('Nothing leaves the engine'),
  export: l10n.t('Exported from the engine'),
  relay: l10n.t('Pushed by the engine to Tea Chest, which sends it on'),
} as const;

/** How the bytes leave the engine. */
export function describeStrategy(by: keyof typeof strategies): string {
  return strategies[by];
}
