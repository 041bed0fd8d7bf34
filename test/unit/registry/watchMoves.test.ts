import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import type { RegistryResponse } from '../../../src/core/registry/http/httpTypes.ts';
import { watchMoves } from '../../../src/core/registry/watchMoves.ts';
import { bytesOf, signedIn } from '../gitea/testClient.ts';
import { pushImage } from '../gitea/pushContent.ts';
import { call, silent } from './setUp.ts';

for (const options of [{}, { subPath: '/gitea' }, { flavour: 'forgejo' }] satisfies FakeGiteaOptions[]) {
  test(`the present name of a renamed owner's repository is read from redirects: ${JSON.stringify(options)}`, async (t) => {
    const { fakeGitea, client } = await signedIn(t, options);
    await pushImage(client, 'team/group/manifests', ['1']);
    const own = await client.repository('team/group/manifests', call);
    await own.headManifest('1', call);
    assert.equal(own.movedTo, undefined);
    fakeGitea.directory.rename(fakeGitea.directory.owner('team') ?? assert.fail(), 'Crew');
    const bytes = bytesOf(100, 7);
    for (const work of [
      (moved) => moved.checkAccess(call),
      (moved) => moved.headManifest('1', call),
      (moved) => moved.uploadBlob(bytesSource(bytes, digestOf(bytes)), silent),
    ] satisfies ((moved: Repository) => Promise<unknown>)[]) {
      const moved = await client.repository('team/group/manifests', call);
      assert.equal(moved.movedTo, undefined);
      await work(moved);
      assert.equal(moved.movedTo, 'crew/group/manifests');
    }
  });
}

test('an upload session at another path is no move: a registry behind a proxy may name it as it sees it', async () => {
  const origin = 'https://hub.test';
  // The response to a request that was not redirected has its address.
  const send = ({ url }: { readonly url: URL }): Promise<RegistryResponse> =>
    Promise.resolve({ url } as RegistryResponse);
  const watched = watchMoves(send, { origin, repository: 'project/app' });
  for (const path of ['/v2/project/app/blobs/uploads/', '/v2/internal/app/blobs/uploads/1']) {
    await watched.send({ method: 'PATCH', url: new URL(path, origin), signal: AbortSignal.timeout(1_000) });
  }
  assert.equal(watched.movedTo(), undefined);
});
