import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from 'tar-stream';
import { readArtifactType } from '../../../../src/core/docker/images/artifactType.ts';

const hex = 'a'.repeat(64);

async function typeIn(files: Readonly<Record<string, string>>): Promise<string | undefined> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  return await readArtifactType(archive as AsyncIterable<Uint8Array>, `sha256:${hex}`, () => undefined);
}

test('an artifact is what its manifest says, or else what its config is', async () => {
  const layer = { [`blobs/sha256/${'0'.repeat(64)}`]: '{"artifactType":"of a layer"}' };
  const manifest = (content: object) => ({ ...layer, [`blobs/sha256/${hex}`]: JSON.stringify(content) });
  const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json' };
  assert.equal(await typeIn(manifest({ config })), config.mediaType);
  assert.equal(await typeIn(manifest({ artifactType: 'application/vnd.example', config })), 'application/vnd.example');
  assert.equal(await typeIn(manifest({ artifactType: 7, config: [] })), undefined);
  assert.equal(await typeIn(layer), undefined);
});
