import * as l10n from '@vscode/l10n';
import { askAlone, askText } from '../input/prompts.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.filter`: shows only images whose name contains a text. */
export async function registriesFilterCommand({ registriesView }: RegistryActionDependencies): Promise<void> {
  const text = await askAlone(l10n.t('Filter Images by Name'), (position) =>
    askText(position, {
      prompt: l10n.t('A part of the names of images. Empty: all images.'),
      value: registriesView.filter,
      judge: () => ({}),
    }),
  );
  if (text !== undefined) registriesView.setFilter(text.trim());
}
