import * as l10n from '@vscode/l10n';
import type Docker from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import { TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { parseImageReference } from '../../oci/imageReference.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import type { DockerHttp } from './dockerHttp.ts';

/** Docker 23 to 27 may have containerd's store, but their `inspect` gives no descriptor, which came with API 1.48. */
export function mayHideItsStore(prefix: string): boolean {
  const minor = apiMinor(prefix);
  return minor >= 42 && minor < 48;
}

/** 41 of `/v1.41`. */
function apiMinor(prefix: string): number {
  const [, minor = '0'] = /^\/v1\.(\d+)$/.exec(prefix) ?? [];
  return Number(minor);
}

/** Asks for the image's manifests too (API 1.48), which dockerode's own `inspect` cannot do. */
export function inspectImage(
  docker: Docker,
  http: DockerHttp,
  name: string,
  prefix: string,
): Promise<ImageInspectInfo> {
  if (apiMinor(prefix) < 48) return docker.getImage(name).inspect();
  return dial(http, `/images/${name}/json?`, { manifests: true }) as Promise<ImageInspectInfo>;
}

/** A GET that dockerode has no function for, or not with this query. */
export function dial(http: DockerHttp, path: string, query: Readonly<Record<string, unknown>>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    http.dial({ path, method: 'GET', options: query }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error instanceof Error ? error : new Error('the call failed', { cause: error }));
    });
  });
}

/** The name as a part of a URL's path. Its slashes are not escaped: engines expect them. */
export function imagePath(image: string): string {
  const parts = image.split('/');
  parseImageReference(image);
  if (parts.includes('.') || parts.includes('..')) {
    throw new TeaChestError('referenceInvalid', l10n.t`“${image}” is not the name of an image.`, { facts: { image } });
  }
  return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@')).join('/');
}

/** containerd's content store, of a blob that an image needs and the engine does not have. */
const missingContent = /content digest sha256:[0-9a-f]{64}: not found/;

export function notFound(error: unknown, image: string, stage: 'inspect' | 'export'): TeaChestError {
  const known = toTeaChestError(error, stage);
  if (known.code !== 'engineFailed' || known.facts.status !== 404) return known;
  const message = String(known.facts['message']);
  if (missingContent.test(message)) {
    const sentence = l10n.t`The container engine has only a part of the image “${image}”. Pull it again, or build it anew. (The engine says: ${message}.)`;
    return new TeaChestError('engineFailed', sentence, { stage, cause: error, facts: { image, status: 404 } });
  }
  return new TeaChestError(
    'imageNotFound',
    l10n.t`The container engine has no image “${image}” (it says: ${message}).`,
    {
      stage,
      cause: error,
      facts: { image },
    },
  );
}

/** Podman 4.3 makes no docker-archive of an image with zstd layers; its OCI archive has them. */
export function refusesZstd(error: unknown): boolean {
  return error instanceof TeaChestError && String(error.facts['message']).includes('zstd compression is not supported');
}

/** Of several images the engine makes one archive, with each layer once. Engines take IDs for names. */
export function exportPath([first, ...others]: readonly ImageDetails[]): string {
  if (first === undefined) throw new Error('an export needs an image');
  if (others.length === 0) return `/images/${imagePath(first.id)}/get`;
  return `/images/get?${[first, ...others].map(({ id }) => `names=${encodeURIComponent(id)}`).join('&')}`;
}
