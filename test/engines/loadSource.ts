import { pack, type Pack } from 'tar-stream';

import type { Engine } from '../tools/engine.ts';
import type { RunResult } from '../tools/run.ts';
import type { Source } from './sourceImage.ts';

/**
 * `both`: an OCI layout with docker's manifest.json, as Docker 25 and newer save it. `oci`: the layout alone. `docker`:
 * manifest.json and what it names.
 */
export type ArchiveFormat = 'both' | 'oci' | 'docker';

/** Loads a source into an engine under these names, by an archive that is written here. */
export async function loadSource(
  engine: Pick<Engine, 'docker'>,
  source: Source,
  { names, format }: { readonly names: readonly string[]; readonly format: ArchiveFormat },
): Promise<RunResult> {
  const archive = pack();
  const loading = engine.docker(['load', '--quiet'], { input: archive, mayFail: true });
  writeArchive(archive, source, names, format);
  return loading;
}

function writeArchive(
  archive: Pack,
  { blobs, top, manifest }: Source,
  names: readonly string[],
  format: ArchiveFormat,
): void {
  const add = (name: string, content: string | Buffer): void => void archive.entry({ name, mtime: epoch }, content);
  for (const [digest, { bytes }] of blobs.all) add(blobPath(digest), bytes);
  if (format !== 'docker') {
    add('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    add('index.json', JSON.stringify({ schemaVersion: 2, manifests: names.map((name) => named(top, name)) }));
  }
  if (format !== 'oci' && manifest !== undefined) {
    const layers = manifest.layers.map(({ digest }) => blobPath(digest));
    const entry = { Config: blobPath(manifest.config.digest), RepoTags: names, Layers: layers };
    add('manifest.json', JSON.stringify([entry]));
  }
  archive.finalize();
}

const epoch = new Date(0);

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

/** containerd reads the first annotation, podman the second. */
function named(top: object, name: string): object {
  return { ...top, annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name } };
}
