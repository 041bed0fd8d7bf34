import { shortDigest, type Digest } from '../oci/digest.ts';
import type { EngineImageName } from '../ports/enginePusher.ts';

/** What is pulled: a tag, or a digest. */
export type PullReference =
  | { readonly host: string; readonly repository: string; readonly tag: string; readonly digest?: undefined }
  | { readonly host: string; readonly repository: string; readonly tag?: undefined; readonly digest: Digest };

/** `host/owner/name:tag` or `host/owner/name@sha256:…`. */
export function referenceText({ host, repository, tag, digest }: PullReference): string {
  return `${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

/**
 * The name that we give to the image. An engine gives a name with a digest only to what it has pulled from there itself, so
 * an image that is pulled by digest in another way gets a tag that is made of the digest.
 */
export function nameInEngine({ host, repository, tag, digest }: PullReference): EngineImageName {
  return { repository: `${host}/${repository}`, tag: digest === undefined ? tag : `sha256-${shortDigest(digest)}` };
}
