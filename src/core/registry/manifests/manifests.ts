import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import type { StoredManifest } from '../../ports/blobTarget.ts';
import type { StoredBytes } from '../../ports/imageRepository.ts';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, parseJsonOrThrow } from '../../base/json.ts';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/mediaTypes.ts';
import { isHeadRefused } from '../blobs/headBlob.ts';
import { bytesBody, header, type RegistryRequest, type RegistryResponse } from '../http/httpTypes.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { toError, repositoryScopes, repositoryUrl, type RepositoryContext } from '../repositoryContext.ts';
import { storeAndVerify } from '../upload/storeAndVerify.ts';

/** Milliseconds without an answer to the PUT of a manifest. It copies no blobs, so it is quick, unlike the PUT of a blob. */
const putTimeout = 120_000;

/** What a read needs. */
export interface ManifestCall {
  readonly signal: AbortSignal;
  /** If a HEAD names another digest, the manifest is read: a header may be wrong, the bytes cannot. */
  readonly expected?: Digest | undefined;
}

const manifestTypes = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
];
const selfDescription = v.object({ mediaType: lenient(v.string()), manifests: lenient(v.array(v.unknown())) });
const accept = manifestTypes.join(', ');

/**
 * What is stored under a reference; undefined if nothing is. A proxy may hide the digest (nginx `proxy_hide_header`) or
 * refuse HEAD: then the manifest is read, and its digest is that of its bytes.
 */
export async function headManifest(
  context: RepositoryContext,
  reference: string,
  { signal, expected }: ManifestCall,
  options: Pick<RegistryRequest, 'retry'> = {},
): Promise<StoredManifest | undefined> {
  const url = repositoryUrl(context, `manifests/${encodeURI(reference)}`);
  const scopes = repositoryScopes(context);
  const response = await context.send({ method: 'HEAD', url, headers: { accept }, signal, scopes, ...options });
  if (response.status === 404) return undefined;
  const isRefused = isHeadRefused(response);
  if (!isRefused && (response.status !== 200 || isWebPage(response))) {
    throw toError(
      context,
      response,
      'HEAD',
      l10n.t({
        message: 'look up the manifest {0}',
        args: [reference],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    );
  }
  const digest = header(response, 'docker-content-digest') ?? '';
  const isKnown = !isRefused && isDigest(digest) && (expected === undefined || digest === expected);
  if (!isKnown) return describe(await getFrom(context, url, signal, options));
  const length = header(response, 'content-length') ?? '';
  return {
    digest,
    mediaType: header(response, 'content-type'),
    size: /^\d+$/.test(length) ? Number(length) : undefined,
  };
}

export async function getManifest(
  context: RepositoryContext,
  reference: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return (await getFrom(context, repositoryUrl(context, `manifests/${encodeURI(reference)}`), signal))?.body;
}

export async function readManifestOf(
  context: RepositoryContext,
  reference: string,
  signal: AbortSignal,
): Promise<StoredBytes | undefined> {
  const response = await getFrom(context, repositoryUrl(context, `manifests/${encodeURI(reference)}`), signal);
  if (response === undefined) return undefined;
  return { bytes: response.body, digest: digestOf(response.body), mediaType: typeOf(response) };
}

/** GET of anything below the repository; undefined where there is nothing. */
export async function getFrom(
  context: RepositoryContext,
  url: URL,
  signal: AbortSignal,
  options: Pick<RegistryRequest, 'retry'> = {},
): Promise<RegistryResponse | undefined> {
  const headers = { accept: `${accept}, */*` };
  const scopes = repositoryScopes(context);
  const response = await context.send({ method: 'GET', url, headers, signal, scopes, ...options });
  if (response.status === 404) return undefined;
  if (response.status !== 200 || isWebPage(response)) {
    throw toError(
      context,
      response,
      'GET',
      l10n.t({
        message: 'read from {0}',
        args: [context.repository],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    );
  }
  return response;
}

/**
 * Stores a manifest, and gives the digest of what is then stored. Only 201 means that it is; after an answer that was
 * lost or came from a proxy, the registry is asked.
 */
export async function putManifest(
  context: RepositoryContext,
  reference: string,
  { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string },
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const digest = digestOf(bytes);
  const url = repositoryUrl(context, `manifests/${encodeURI(reference)}`);
  const name = `${context.repository}:${reference}`;
  // The type is exactly this, without parameters: Gitea compares it as text (docs/gitea.md §3).
  const headers = { 'content-type': mediaType };
  const request = { method: 'PUT', url, headers, body: bytesBody(bytes), headersTimeout: putTimeout } as const;
  const response = await storeAndVerify(
    context,
    {
      attempt: async () => context.send({ ...request, signal, scopes: repositoryScopes(context), retry: 'never' }),
      isRepeatable: true,
      verify: async () =>
        (await headManifest(context, reference, { signal, expected: digest }, { retry: 'never' }))?.digest === digest,
      explain: (answer) =>
        toError(
          context,
          answer,
          'PUT',
          l10n.t({
            message: 'store the manifest {0}',
            args: [name],
            comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
          }),
        ),
      what: `the manifest ${name}`,
    },
    signal,
  );
  if (response instanceof TeaChestError) throw response;
  if (response === undefined || header(response, 'docker-content-digest') === digest) return digest;
  // Hidden by a proxy, left out (Gitea 1.25.0–1.25.2, #36021) or of other bytes: what is stored can be read.
  return (await headManifest(context, reference, { signal, expected: digest }))?.digest;
}

function describe(response: RegistryResponse | undefined): StoredManifest | undefined {
  if (response === undefined) return undefined;
  const { body } = response;
  return { digest: digestOf(body), mediaType: typeOf(response), size: body.byteLength };
}

/** What the manifest calls itself, what the registry calls it, or what it looks like. */
function typeOf(response: RegistryResponse): string {
  const manifest = parseResponse(selfDescription, response);
  if (manifest.mediaType !== undefined) return manifest.mediaType;
  const named = (header(response, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if ((manifestTypes as readonly string[]).includes(named)) return named;
  return manifest.manifests === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
}

/** An answer that must be a JSON object. */
export function parseResponse<T>(schema: v.GenericSchema<unknown, T>, { body, url }: RegistryResponse): T {
  const { host, pathname } = url;
  const message = l10n.t`${host} answered with something that is no JSON where a registry must give some (GET ${pathname}).`;
  return parseJsonOrThrow(
    v.pipe(
      v.unknown(),
      v.check((value) => !Array.isArray(value)),
      schema,
    ),
    body,
    () => new TeaChestError('notARegistry', message, { facts: { host, path: pathname } }),
  );
}
