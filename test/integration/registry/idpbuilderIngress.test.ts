import assert from 'node:assert/strict';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { suite, test, type TestContext } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { startClusterGitea, type ClusterGitea } from '../../tools/clusterGitea.ts';
import { copyBySkopeo } from '../../tools/verifyPull.ts';
import { bytesOf, clientFor, never, wholeBlob } from '../../unit/gitea/testClient.ts';

const password = 'of the cluster';
const credential = { username: 'giteaAdmin', secret: password };
const call = { signal: never };
const silent = { signal: never, onSent: (): void => undefined };

async function cluster(t: TestContext, usePathRouting: boolean): Promise<ClusterGitea> {
  const started = await startClusterGitea({ password, authority: 'YQ==', usePathRouting });
  t.after(() => started.stop());
  return started;
}

/** The status for a host name and a path, with no credential. */
async function statusOf(
  { address, cluster: { certificatePem: ca } }: ClusterGitea,
  host: string,
  path: string,
): Promise<number> {
  const asked = request(`https://${address}${path}`, { ca, headers: { host }, rejectUnauthorized: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

/** nginx with the routes of idpbuilder's ingress, for a host of Gitea's own and for paths below one host. */
suite('the ingress of idpbuilder', { timeout: 60_000 }, () => {
  for (const usePathRouting of [false, true]) {
    const layout = usePathRouting ? 'path routing' : 'a host of its own';
    test(`with ${layout} takes an image, and other tools get the same one`, async (t) => {
      const behind = await cluster(t, usePathRouting);
      const trust = { pinnedFingerprint: behind.fingerprint256 };
      const client = clientFor(`https://${behind.address}`, { credential, trust });
      t.after(() => client.close());
      const app = await client.repository('giteaadmin/app', call);
      const layer = bytesOf(3 * 1024 * 1024);
      const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
      await app.uploadBlob(wholeBlob(layer), silent);
      await app.uploadBlob(bytesSource(config, digestOf(config)), silent);
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
          layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(layer), size: layer.length }],
        }),
      );
      const digest = await app.putManifest('v1', manifest, mediaTypes.ociManifest, call);
      for (const prefix of usePathRouting ? ['', 'gitea/'] : ['']) {
        const copy = await copyBySkopeo(`${behind.address}/${prefix}giteaadmin/app:v1`, credential);
        assert.equal(copy.manifestDigest, digest);
        assert.deepEqual(
          copy.layers.map((one) => one.digest),
          [digestOf(layer)],
        );
      }
    });
  }

  test('has the registry at one of the two usual addresses, and 404 at the other', async (t) => {
    const [own, path] = [await cluster(t, false), await cluster(t, true)];
    const ask = (one: ClusterGitea, name: string, at: string): Promise<number> =>
      statusOf(one, `${name}:${one.cluster.port}`, at);
    assert.equal(await ask(own, 'gitea.cnoe.localtest.me', '/v2/'), 401);
    assert.equal(await ask(own, 'gitea.cnoe.localtest.me', '/api/v1/version'), 200);
    assert.equal(await ask(own, 'cnoe.localtest.me', '/v2/'), 404);
    assert.equal(await ask(path, 'cnoe.localtest.me', '/v2/'), 401);
    assert.equal(await ask(path, 'cnoe.localtest.me', '/gitea/api/v1/version'), 200);
    assert.equal(await ask(path, 'cnoe.localtest.me', '/api/v1/version'), 404);
    assert.equal(await ask(path, 'gitea.cnoe.localtest.me', '/v2/'), 404);
  });
});
