import * as l10n from '@vscode/l10n';
import type { ImageList } from '../engine/imageList.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { askAlone, askChoice } from '../input/prompts.ts';
import { imageChoices } from '../push/imageChoices.ts';
import type { PushPages } from '../pushPage/pushPages.ts';

export interface ShowLayersDependencies {
  readonly images: Pick<ImageList, 'open'>;
  readonly pages: Pick<PushPages, 'showLayers'>;
}

/** `teaChest.showLayers`: asks for an image of the engine, and shows which of its layers make it large. */
export async function showLayersCommand(dependencies: ShowLayersDependencies): Promise<void> {
  const { images, pages } = dependencies;
  try {
    const name = await askAlone(l10n.t('Layers of an image'), (position) =>
      askChoice(position, {
        placeholder: l10n.t('Which image?'),
        choices: images.open().then((state) => {
          if (state.kind === 'problem') throw state.error;
          return state.kind === 'ready' ? imageChoices(state.images, Date.now()) : [];
        }),
      }),
    );
    if (name !== undefined) pages.showLayers(name);
  } catch (error) {
    void reportFailure(error, { retry: () => showLayersCommand(dependencies) });
  }
}
