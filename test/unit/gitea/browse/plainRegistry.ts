import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { serve } from '../../registry/localRegistry.ts';
import { clientFor, type TestClient } from '../testClient.ts';

interface PlainRegistryOptions {
  /** Another answer than 200 of `_catalog`. */
  readonly catalogStatus?: number;
  /** A DELETE of a tag deletes it (distribution 3); otherwise 400 DIGEST_INVALID, as of 2.8. */
  readonly deletesTags?: boolean;
  /** REGISTRY_STORAGE_DELETE_ENABLED; true by default. */
  readonly deletes?: boolean;
}

interface PlainRegistry {
  readonly client: TestClient;
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests: Map<string, Buffer>;
  /** A manifest that differs from every other, under these tags. */
  readonly put: (repository: string, ...tags: readonly string[]) => Digest;
}

let made = 0;

/** A registry without REST API, with manifests and no blobs, that lists and deletes as distribution does. */
export async function plainRegistry(
  t: Parameters<typeof serve>[0],
  { catalogStatus, deletesTags = false, deletes = true }: PlainRegistryOptions = {},
): Promise<PlainRegistry> {
  const manifests = new Map<string, Buffer>();
  const names = (): string[] => [...new Set([...manifests.keys()].map((key) => key.split(/[:@]/)[0] ?? ''))];
  const tagsOf = (name: string): string[] =>
    [...manifests.keys()].filter((key) => key.startsWith(`${name}:`)).map((key) => key.slice(name.length + 1));
  const error = (code: string): string => JSON.stringify({ errors: [{ code, message: code }] });
  const url = await serve(t, ({ url: path = '', method }, response) => {
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    const { pathname } = new URL(path, 'http://h');
    if (pathname === '/v2/') return void response.end('{}');
    if (pathname === '/v2/_catalog') {
      if (catalogStatus !== undefined) return void response.writeHead(catalogStatus).end(error('UNSUPPORTED'));
      return void response.end(JSON.stringify({ repositories: names().sort() }));
    }
    const [, name = '', reference] = /^\/v2\/(.+?)\/(?:tags\/list|manifests\/(.+))$/.exec(pathname) ?? [];
    if (reference === undefined) {
      if (!names().includes(name)) return void response.writeHead(404).end(error('NAME_UNKNOWN'));
      return void response.end(JSON.stringify({ name, tags: tagsOf(name).length === 0 ? null : tagsOf(name) }));
    }
    const isDigest = reference.includes(':');
    const bytes = manifests.get(`${name}${isDigest ? '@' : ':'}${reference}`);
    if (method === 'DELETE') {
      if (!deletes) return void response.writeHead(405).end(error('UNSUPPORTED'));
      if (!isDigest && !deletesTags) return void response.writeHead(400).end(error('DIGEST_INVALID'));
    }
    if (bytes === undefined) return void response.writeHead(404).end(error('MANIFEST_UNKNOWN'));
    if (method === 'DELETE') {
      const same = [...manifests].filter(([key, value]) => key.startsWith(name) && value.equals(bytes));
      for (const [key] of isDigest ? same : []) manifests.delete(key);
      manifests.delete(`${name}:${reference}`);
      return void response.writeHead(202).end();
    }
    const headers = { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': digestOf(bytes) };
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
  });
  const client = clientFor(url);
  t.after(() => {
    void client.close();
  });
  const put = (repository: string, ...tags: readonly string[]): Digest => {
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from(String(++made))), size: 1 };
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
    const bytes = Buffer.from(JSON.stringify(manifest));
    for (const tag of tags) manifests.set(`${repository}:${tag}`, bytes);
    manifests.set(`${repository}@${digestOf(bytes)}`, bytes);
    return digestOf(bytes);
  };
  return { client, manifests, put };
}
