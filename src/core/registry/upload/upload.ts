import type { TeaChestError } from '../../base/errors.ts';
import type { BlobSource } from '../../ports/blobSource.ts';
import type { UploadOptions } from '../../ports/blobTarget.ts';
import type { RetryPolicy } from '../http/retry.ts';
import type { RepositoryContext } from '../repositoryContext.ts';
import type { BlobReader } from './blobReader.ts';
import type { ChunkSizer } from './chunkSizer.ts';

export interface UploadBlobOptions extends UploadOptions {
  readonly sizer: ChunkSizer;
  /** Gitea and Forgejo take a blob with the POST (`?digest=`, docs/gitea.md §2); elsewhere that is optional. */
  readonly takesPost: boolean;
  /** True for a registry on this machine or in this network. */
  readonly isNear: boolean;
}

/** One blob and all that is needed to upload it. */
export interface Upload {
  readonly context: RepositoryContext;
  readonly source: BlobSource;
  readonly reader: BlobReader;
  readonly options: UploadBlobOptions;
}

/** How often a blob is sent again in a new session, and one chunk within its session. */
export const restarts: RetryPolicy = { attempts: 9, firstWait: 250, longestWait: 8_000, budget: 60_000 };

/** A try that ended without the blob being stored, where another one may succeed. */
export interface Interruption {
  readonly failure: TeaChestError;
  /** The size of the first chunk, if the connection broke under it. */
  readonly cutChunk?: 'smallest' | 'larger' | undefined;
}
