import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Doer } from '../model/access.ts';
import type { Owner } from '../model/directory.ts';
import type { ContainerPackage } from '../model/packages.ts';

/** A request to an image, by a doer who is allowed to make it. */
export interface ImageCall {
  readonly gitea: Gitea;
  readonly exchange: Exchange;
  readonly doer: Doer;
  readonly owner: Owner;
  /** The image's name without its owner: `app`, `team/app`. */
  readonly image: string;
  /** The last part of the path: a digest, a tag, an upload's id; empty where there is none. */
  readonly reference: string;
}

/** `/v2/<owner>/<image>`, the owner in lower case as Gitea writes it in every Location. */
export function imagePath({ owner, image }: ImageCall): string {
  return `/v2/${owner.name.toLowerCase()}/${image}`;
}

export function packageOf({ gitea, owner, image }: ImageCall): ContainerPackage | undefined {
  return gitea.packages.get(owner.id, image);
}
