import type { ManifestDescription } from '../../../../src/core/gitea/browse/describeManifest.ts';
import type { PackageVersion } from '../../../../src/core/gitea/restRows.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import {
  childNode,
  imageNode,
  tagNode,
  untaggedNode,
  untaggedVersionNode,
  type RegistryNode,
} from '../../../../src/host/views/registries/registryTree.ts';

/** Rows with names from a registry; the lists leave out such names before. */
export function namedNodes(connection: Connection, text: string): readonly RegistryNode[] {
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const version: PackageVersion = {
    ...{ id: 1, owner: text, ownerNow: text, usable: true, name: text, version: text, createdAt: text },
    ...{ creator: text, repository: text },
  };
  const image = imageNode(connection, 'dev', {
    name: text,
    pushedAt: text,
    tags: [text],
    linkedTo: text,
    isRead: true,
  });
  const plain = imageNode(connection, undefined, {
    name: text,
    pushedAt: undefined,
    tags: [],
    linkedTo: undefined,
    isRead: true,
  });
  const tag = tagNode(image, { tag: text, version });
  const child = childNode(tag, { digest, mediaType: text, size: 1, platform: text });
  const untagged = untaggedNode(image);
  const old = untaggedVersionNode(untagged, { ...version, version: digest });
  return [image, plain, tag, child, untagged, ...(old === undefined ? [] : [old])];
}

/** What a tag stands for, with a platform of this name. */
export function described(text: string): ManifestDescription {
  const digest = `sha256:${'b'.repeat(64)}` as const;
  return { digest, kind: 'index', size: 1, blobs: [], platforms: [text, 'linux/amd64'], children: [] };
}
