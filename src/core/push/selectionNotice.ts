import * as l10n from '@vscode/l10n';
import { describePlatform } from '../oci/platform.ts';
import type { Selection } from './chooseManifests.ts';

/** What a person should read about an index that is not published as the engine has it. */
export function selectionNotice(selection: Selection): string | undefined {
  if (selection.kind === 'available') {
    return l10n.t`The container engine does not have ${selection.missing.join(', ')} of the image. Everything else was pushed, with an index of its own: its digest is not that of the engine’s index.`;
  }
  if (selection.kind !== 'manifest') return undefined;
  const { manifest, isAsked, missing } = selection;
  const pushed = (manifest.platform && describePlatform(manifest.platform)) ?? manifest.digest;
  if (isAsked) return undefined;
  return l10n.t`The container engine does not have ${missing.join(', ')} of the image. Only ${pushed} was pushed, without the index, as docker push does.`;
}
