import type { Digest } from '../../oci/digest.ts';
import type { BlobTarget } from '../../ports/blobTarget.ts';
import type { CallOptions } from '../../ports/callOptions.ts';
import type { ImageStep } from '../../ports/imageSource.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { OpenedPush } from '../pushImages.ts';

/** Opens any repository of the registry, to ask whether it has a blob. */
type FindRepository = (repository: string, options: CallOptions) => Promise<Pick<BlobTarget, 'headBlob'>>;

/** The steps of an image's build, oldest first. */
export type ReadHistory = (image: Digest, options: CallOptions) => Promise<readonly ImageStep[]>;

/** A push that is only planned. */
export interface OpenedPlan extends OpenedPush {
  readonly findRepository: FindRepository;
}

/** What of a push's context is needed to say what it would do. */
type PlannedContext = Pick<
  AttemptContext,
  | 'request'
  | 'image'
  | 'selection'
  | 'source'
  | 'cache'
  | 'relay'
  | 'logger'
  | 'signal'
  | 'compressesStored'
  | 'usesCache'
>;

/** The registry's side has only the calls that change nothing there. */
export interface PlanContext extends PlannedContext {
  readonly target: Pick<
    BlobTarget,
    'kind' | 'repository' | 'isNear' | 'headManifest' | 'listTags' | 'getManifest' | 'getBlob' | 'headBlob'
  >;
  readonly findRepository: FindRepository;
  readonly readHistory: ReadHistory;
}
