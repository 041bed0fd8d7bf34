import { readFile } from 'node:fs/promises';
import { header } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import type { BlobReference, PackageFile } from '../model/packages.ts';
import { manifestFile } from '../model/packages.ts';
import { countExceeded } from '../model/quota.ts';
import { digestHeaders, directReply, withBody } from './blobRoutes.ts';
import { imagePath, packageOf, type ImageCall } from './call.ts';
import { decodeManifest, type ManifestDocument } from './manifestDocument.ts';
import { quotaRefused, registryError, registryReply, silentFailure, storedReply } from './errors.ts';

const maxManifestSize = 10 * 1024 * 1024;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** Valid for go-digest. Only SHA-256 is computed: a manifest that was stored under another digest cannot be found by it. */
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;
const knownPrefix = /^application\/vnd\.(?:docker|oci)\./;
const manifestType = /^application\/vnd\.(?:oci\.image\.manifest\.v1|docker\.distribution\.manifest\.v2)\+json$/i;
const indexType = /^application\/vnd\.(?:oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/i;

export async function putManifest(call: ImageCall): Promise<Reply> {
  const { exchange, reference } = call;
  const isDigest = digestPattern.test(reference);
  if (isDigest && !call.gitea.quirks.laxPaths && !reference.startsWith('sha256:'))
    return registryError('MANIFEST_INVALID');
  const tagged = !isDigest;
  if (tagged && !tagPattern.test(reference)) return registryError('MANIFEST_INVALID', { message: 'Tag is invalid' });
  const bytes = await exchange.body.upTo(maxManifestSize + 1);
  if (bytes.length > maxManifestSize) {
    return registryError('MANIFEST_INVALID', { message: 'Manifest exceeds maximum size', status: 413 });
  }
  const document = decodeManifest(bytes);
  if (document === undefined) return silentFailure();
  if (document.schemaVersion !== 2) {
    return registryError('UNSUPPORTED', { message: 'Schema version is not supported' });
  }
  const given = header(exchange, 'content-type');
  const mediaType = knownPrefix.test(given) ? given : document.mediaType;
  if (!knownPrefix.test(mediaType)) {
    return registryError('MANIFEST_INVALID', { message: 'MediaType not recognized' });
  }
  const content = { bytes, document, mediaType, tagged };
  if (manifestType.test(mediaType)) return putImageManifest(call, content);
  return indexType.test(mediaType) ? putIndex(call, content) : registryError('MANIFEST_INVALID');
}

interface Content {
  readonly bytes: Buffer;
  readonly document: ManifestDocument;
  readonly mediaType: string;
  readonly tagged: boolean;
}

/** Config and layers must be in the same image, with the size that the manifest says. */
async function putImageManifest(call: ImageCall, content: Content): Promise<Reply> {
  const { gitea } = call;
  const { config, layers } = content.document;
  const image = packageOf(call);
  const configFile = gitea.packages.findBlob(image, config.digest);
  if (configFile === undefined) return missing(call);
  if (!(await isReadableConfig(call, configFile.digest))) return silentFailure();

  const blobs: (BlobReference & { readonly expected: number })[] = [];
  for (const descriptor of [config, ...layers]) {
    const file = gitea.packages.findBlob(image, descriptor.digest);
    if (file === undefined) return missing(call);
    const { digest, size } = file;
    blobs.push({ digest, size, mediaType: descriptor.mediaType, expected: descriptor.size });
  }
  if (blobs.some(({ size, expected }) => size !== expected)) return registryError('SIZE_INVALID');
  return store(call, content, blobs);
}

/** Children must be image manifests that this image already has; their sizes are not compared. */
async function putIndex(call: ImageCall, content: Content): Promise<Reply> {
  for (const child of content.document.manifests) {
    if (!manifestType.test(child.mediaType)) return registryError('MANIFEST_INVALID');
    const found = call.gitea.packages.findManifests(packageOf(call), child.digest);
    const isDigest = child.digest === '' || child.digest.includes(':');
    if (!isDigest || found.length === 0) return registryError('MANIFEST_BLOB_UNKNOWN');
  }
  return store(call, content, []);
}

async function store(call: ImageCall, content: Content, blobs: readonly BlobReference[]): Promise<Reply> {
  const { gitea, owner, image, reference, doer } = call;
  const admin = doer.kind === 'user' && doer.user.admin;
  const replaces = packageOf(call)?.versions.has(reference.toLowerCase()) === true;
  if (!admin && !replaces && countExceeded(gitea.limits, gitea.packages, owner.id)) return quotaRefused();
  const { digest, size } = await gitea.blobs.write(content.bytes);
  gitea.packages.putVersion(owner.id, image, {
    reference,
    tagged: content.tagged,
    creatorId: doer.kind === 'user' ? doer.user.id : -1,
    createdAt: gitea.clock(),
    blobs,
    manifest: { digest, size, mediaType: content.mediaType },
  });
  // A digest in the path is not compared with the body: a client must check Docker-Content-Digest.
  return storedReply(`${imagePath(call)}/manifests/${reference}`, digest);
}

/** HEAD and GET; ignores Accept. */
export function readManifest(call: ImageCall): Reply {
  const file = findManifest(call);
  const blob = file === undefined ? undefined : call.gitea.blobs.get(file.digest);
  if (file === undefined || blob === undefined) return registryError('MANIFEST_UNKNOWN');
  const redirect = directReply(call, file.digest, file.mediaType);
  if (redirect !== undefined) return redirect;
  const headers = { ...digestHeaders(file.digest), 'Content-Type': file.mediaType };
  return withBody(registryReply(200, headers), blob, 0, blob.size);
}

/** Deletes a tag, or by digest all its tags. */
export function deleteManifest(call: ImageCall): Reply {
  const image = packageOf(call);
  const versions = isReference(call.reference) ? call.gitea.packages.findManifests(image, call.reference) : [];
  if (image === undefined || versions.length === 0) return registryError('MANIFEST_UNKNOWN');
  for (const version of versions) call.gitea.packages.removeVersion(image, version);
  return registryReply(202);
}

function findManifest(call: ImageCall): PackageFile | undefined {
  if (!isReference(call.reference)) return undefined;
  return call.gitea.packages.findManifests(packageOf(call), call.reference)[0]?.files.get(manifestFile);
}

function isReference(text: string): boolean {
  return digestPattern.test(text) || tagPattern.test(text);
}

function missing({ gitea }: ImageCall): Reply {
  return gitea.quirks.missingLayerIs500 ? silentFailure() : registryError('BLOB_UNKNOWN');
}

/** Gitea reads the config for the package's page; older versions fail if it is not JSON. */
async function isReadableConfig({ gitea }: ImageCall, digest: string): Promise<boolean> {
  const blob = gitea.blobs.get(digest);
  if (blob === undefined || gitea.quirks.config === 'anything') return true;
  if (blob.size === 0) return gitea.quirks.config === 'jsonOrEmpty';
  return isJsonObject(await readFile(blob.path));
}

function isJsonObject(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
