import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findTag } from '../../../../../src/host/views/registries/findTag.ts';
import { pushImage } from '../../../gitea/pushContent.ts';
import { useFakeVscode } from '../../support/fakeVscode.ts';

useFakeVscode();
const { buildRegistryRig } = await import('../../support/registryRig.ts');

suite('a tag in the Registries view', () => {
  test('is found below its registry, owner and image', async (t) => {
    const { client, connection, registriesView } = await buildRegistryRig(t);
    await pushImage(client, 'team/nested/app', ['1', '2']);
    await pushImage(client, 'team/app', ['1']);
    const found = async (repository: string, tag: string): Promise<readonly string[]> => {
      const path = await findTag(registriesView, { origin: connection.origin, repository, tag });
      return path.map((node) => registriesView.getTreeItem(node).label as string).slice(1);
    };
    assert.deepEqual(await found('team/nested/app', '2'), ['team', 'nested/app', '2']);
    assert.deepEqual(await found('team/app', 'gone'), ['team', 'app']);
    assert.deepEqual(await found('team/gone', '1'), ['team']);
    assert.deepEqual(
      await findTag(registriesView, { origin: 'https://other.example', repository: 'a/b', tag: '1' }),
      [],
    );
  });

  test('is found beyond the first page of images', async (t) => {
    const { client, connection, registriesView, fakeGitea } = await buildRegistryRig(t);
    const owner = fakeGitea.directory.owner('team')?.id ?? 0;
    for (let at = 0; at < 130; at++) {
      const manifest = { digest: `sha256:${'a'.repeat(64)}`, size: 2, mediaType: 'application/x' };
      const version = { reference: '1', tagged: true, creatorId: 2, createdAt: at, blobs: [], manifest };
      fakeGitea.packages.putVersion(owner, `app${String(at).padStart(3, '0')}`, version);
    }
    await pushImage(client, 'team/last', ['1']);
    const path = await findTag(registriesView, { origin: connection.origin, repository: 'team/last', tag: '1' });
    assert.equal(path.at(-1)?.type, 'tag');
  });
});
