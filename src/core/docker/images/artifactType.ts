import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import { tarEntries } from '../archive/tarEntries.ts';

/** Archives of larger artifacts are not read for their type. Bytes. */
export const longestArtifact = 4 * 1024 * 1024;

/** OCI image-spec, manifest.md, “Guidelines for Artifact Usage”: the type is `artifactType`, or else that of the config. */
const artifactManifest = v.object({
  artifactType: lenient(v.pipe(v.string(), v.nonEmpty())),
  config: lenient(v.object({ mediaType: v.string() })),
});

/** The type of the artifact with this ID, from its archive: docker's API says nowhere else what it is. */
export async function readArtifactType(
  archive: AsyncIterable<Uint8Array>,
  id: string,
  onConsumed: (position: number) => void,
): Promise<string | undefined> {
  const path = `blobs/${id.replace(':', '/')}`;
  for await (const entry of tarEntries(archive, onConsumed)) {
    if (entry.path !== path || entry.size > longestArtifact) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of entry.body) chunks.push(Buffer.from(chunk));
    const manifest = parseJson(artifactManifest, Buffer.concat(chunks));
    return manifest?.artifactType ?? manifest?.config?.mediaType;
  }
  return undefined;
}
