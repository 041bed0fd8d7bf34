import type { ImageDetails } from '../../core/ports/imageSource.ts';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { ImageList } from '../engine/imageList.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import type { TargetMemory } from '../targets/targetMemory.ts';

/** Where the target of a push comes from without a question: signed-in registries and earlier pushes. */
export interface TargetSources {
  readonly store: Pick<ConnectionStore, 'findByHost'>;
  readonly memory: Pick<TargetMemory, 'last'>;
}

/** What the questions of the push dialog are made from: adds the images, the connections and their owners. */
export interface PushSources extends TargetSources {
  readonly images: Pick<ImageList, 'open'>;
  /** Rejects if the engine has no such image. */
  readonly inspect: (image: string) => Promise<ImageDetails>;
  readonly store: Pick<ConnectionStore, 'findByHost' | 'list'>;
  readonly access: Pick<RegistryBrowser, 'owners' | 'audienceOf' | 'checkAccess' | 'explainDenied'>;
  readonly memory: Pick<TargetMemory, 'last' | 'owners'>;
  /** Asked about a destination that is proposed: accepting it confirms who can pull the image. */
  readonly publicOwners: Pick<PublicOwners, 'unconfirmed' | 'remember'>;
  /** The repositories of this server that the open folders belong to, as `owner/name`. */
  readonly folderRepositories: (connection: Connection) => Promise<readonly string[]>;
}
