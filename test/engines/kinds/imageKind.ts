import type { EngineId } from '../engineList.ts';
import type { ArchiveFormat } from '../loadSource.ts';
import type { Source } from '../sourceImage.ts';

/** A kind of image: a row of the matrix. */
export interface ImageKind {
  /** Unique; a part of names of repositories as well, where each other character becomes a hyphen. */
  readonly name: string;
  /** What is special about it, for docs/engines.md. */
  readonly about: string;
  readonly make: () => Source | Promise<Source>;
  /** How the image is named in the push: by its tag if absent. */
  readonly by?: 'id' | 'digest';
  /** Tags that the image has in the engine; 1 if absent. */
  readonly tags?: number;
  /** Engines that take half a minute to load it: tried with `--large` alone. */
  readonly slowOn?: readonly EngineId[];
  /** Why docker's classic store cannot pull it back, if it cannot. */
  readonly unpullable?: string;
  /** Other than the OCI layout that podman gets: podman reads one image of that. */
  readonly podmanFormat?: ArchiveFormat;
  /** True: made by podman’s own command from the images of the index; other engines have no such thing. */
  readonly isPodmanList?: boolean;
}
