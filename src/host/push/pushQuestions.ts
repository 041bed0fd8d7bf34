import type { EngineImage } from '../../core/docker/types.ts';
import type { Connection } from '../connections/connection.ts';
import type { ImageList } from '../engine/imageList.ts';
import type { Choice } from '../input/choiceRows.ts';
import { formatAge, formatBytes } from '../progress/format.ts';
import { buildImageTree } from '../views/images/imageTree.ts';
import type { PushQuestions } from './askPush.ts';
import type { Owners } from '../registry/registryBrowser.ts';
import { guessDestination, type PushKnowledge } from './resolvePush.ts';

/** The questions of a push, answered from what the host knows. */
export function createPushQuestions(sources: {
  readonly images: ImageList;
  readonly connections: () => readonly Connection[];
  readonly knowledge: PushKnowledge;
  readonly owners: (connection: Connection) => Promise<Owners>;
}): PushQuestions {
  const { images, connections, knowledge, owners } = sources;
  return {
    images: async () => {
      const state = await images.open();
      if (state.kind === 'problem') throw state.error;
      return state.kind === 'ready' ? imageChoices(state.images, Date.now()) : [];
    },
    references: async () => {
      const state = await images.open();
      return state.kind === 'ready' ? state.images.flatMap((image) => image.references) : [];
    },
    connections,
    guess: (image) => guessDestination(image, knowledge),
    owners,
  };
}

/** Every tag, newest first; untagged images last, by ID. */
function imageChoices(images: readonly EngineImage[], now: number): readonly Choice<string>[] {
  const tags = buildImageTree(images, { showDangling: true }).flatMap((repository) => repository.tags);
  const newestFirst = tags.toSorted((one, other) => {
    if ((one.reference === undefined) !== (other.reference === undefined)) return one.reference === undefined ? 1 : -1;
    return other.image.createdAt.localeCompare(one.image.createdAt);
  });
  return newestFirst.map(({ reference, label, image }) => ({
    label: reference ?? label,
    description: [reference === undefined ? 'untagged' : '', formatBytes(image.size), formatAge(image.createdAt, now)]
      .filter((part) => part !== '')
      .join(' · '),
    value: reference ?? image.id,
  }));
}
