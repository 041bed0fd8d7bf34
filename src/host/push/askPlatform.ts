import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { toTeaChestError } from '../../core/base/errors.ts';
import { describePlatform } from '../../core/oci/platform.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import { allPlatforms, manifestChoices, type ManifestChoices } from '../../core/push/chooseManifests.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice } from '../input/prompts.ts';
import type { StepPosition } from '../input/runSteps.ts';
import { formatBytes } from '../progress/format.ts';

/** What there is to choose of an image. Undefined if there is no choice, or the engine does not answer: the push says why. */
export async function findManifestChoices(
  image: string,
  inspect: (image: string) => Promise<ImageDetails>,
): Promise<ManifestChoices | undefined> {
  try {
    return manifestChoices(await inspect(image));
  } catch {
    return undefined;
  }
}

/** What there is to choose by the error of a push: Docker 23 to 27 show an index's platforms only in its archive. */
export function choicesOfError(error: unknown): ManifestChoices | undefined {
  const { code, facts } = toTeaChestError(error);
  const { platforms, missing } = facts;
  if (code !== 'platformNeeded' || typeof platforms !== 'string') return undefined;
  const named = platforms.split(', ').map((name) => {
    const [os = '', architecture = '', variant] = name.split('/');
    return { platform: { os, architecture, ...(variant !== undefined && { variant }) } };
  });
  return { platforms: named, attestations: 0, missing: typeof missing === 'object' ? missing : [] };
}

/** Asks what of an incomplete index is pushed. Gives a value of the argument `platform`. */
export async function askPlatform(position: StepPosition, image: string, choices: ManifestChoices): Promise<string> {
  const { missing } = choices;
  const why =
    missing.length === 0
      ? l10n.t`${image} has several platforms.`
      : l10n.t`The engine does not have ${missing.join(', ')} of ${image}.`;
  return await askChoice(position, {
    placeholder: joinSentences(why, l10n.t('What should be pushed?')),
    choices: platformChoices(choices),
  });
}

function platformChoices({ platforms, attestations }: ManifestChoices): readonly Choice<string>[] {
  const names = platforms.map(({ platform }) => (platform && describePlatform(platform)) ?? '');
  const sizes = platforms.map(({ size }) => size);
  const total = sizes.includes(undefined) ? '' : formatBytes(sizes.reduce<number>((sum, size = 0) => sum + size, 0));
  const attested = attestations === 0 ? '' : countAttestations(attestations);
  const all = { label: l10n.t('Everything that is here'), description: joined(names.join(', '), attested, total) };
  return [
    { ...all, icon: 'layers', value: allPlatforms },
    ...platforms.map(({ size }, at) => ({
      label: l10n.t({
        message: 'Only {0}',
        args: [names[at] ?? ''],
        comment: 'A row of the question what of an image should be pushed. {0}: a platform, such as linux/amd64',
      }),
      description: joined(
        size === undefined ? '' : formatBytes(size),
        attestations === 0 ? '' : l10n.t('without attestations'),
      ),
      icon: 'package',
      value: names[at] ?? '',
    })),
  ];
}

function countAttestations(count: number): string {
  return count === 1 ? l10n.t('1 attestation') : l10n.t`${count} attestations`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}
