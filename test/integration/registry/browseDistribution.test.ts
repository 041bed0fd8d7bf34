import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { listImages } from '../../../src/core/gitea/browse/listImages.ts';
import { listTags } from '../../../src/core/gitea/browse/listTags.ts';
import { planDeletion } from '../../../src/core/gitea/browse/planDeletion.ts';
import { retag } from '../../../src/core/gitea/browse/retag.ts';
import { runDeletion } from '../../../src/core/gitea/browse/runDeletion.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { collect, pushImage, pushIndex } from '../../unit/gitea/pushContent.ts';
import { clientFor, never, type TestClient } from '../../unit/gitea/testClient.ts';

const call = { signal: never };
const repository = 'team/app';

/** What the Registries view does, on Debian's docker-registry. */
suite('a docker-registry', { timeout: 60_000 }, () => {
  const user = { name: 'dev', password: 'pen & paper' };
  let registry: Registry;
  let client: TestClient;

  before(async () => {
    registry = await startRegistry({ user });
    client = clientFor(registry.origin, { credential: { username: user.name, secret: user.password } });
  });

  after(async () => {
    await client.close();
    await registry.stop();
  });

  test('lists its repositories and tags', async () => {
    await pushImage(client, repository, ['1.10', '1.9']);
    await pushImage(client, 'solo', ['latest']);
    const contents = await client.contents(call);
    assert.equal(contents.packages, undefined);
    const images = await collect(listImages(contents, { owner: undefined, sort: 'newest', filter: '' }, call));
    assert.deepEqual(
      images.rows.map(({ name }) => name),
      ['solo', repository],
    );
    const tags = await collect(listTags(contents, { repository, sort: 'name' }, call));
    assert.deepEqual(
      tags.rows.map(({ tag }) => tag),
      ['1.9', '1.10'],
    );
  });

  test('has another tag for an index, and skopeo reads the same bytes under both', async () => {
    const contents = await client.contents(call);
    const digest = await pushIndex(client, repository, 'multi', [await pushImage(client, repository, [])]);
    await retag(contents, { repository, digest, tag: 'all', replaces: undefined }, call);
    const read = async (tag: string): Promise<string> => {
      const source = `docker://${registry.host}/${repository}:${tag}`;
      const options = ['--tls-verify=false', '--creds', `${user.name}:${user.password}`];
      return (await run('skopeo', ['inspect', '--raw', ...options, source])).stdout;
    };
    assert.equal(await read('all'), await read('multi'));
  });

  test('deletes no tag alone, but a digest with the tags that were named', async () => {
    const contents = await client.contents(call);
    const digest = await pushImage(client, repository, ['2', 'two']);
    const byTag = await planDeletion(contents, [{ kind: 'tag', repository, tag: '2' }], call);
    const [refused] = await runDeletion(contents, byTag, call);
    assert.ok(typeof refused?.outcome === 'object');
    assert.equal(refused.outcome.failure.code, 'deleteUnsupported');
    const plan = await planDeletion(contents, [{ kind: 'digest', repository, digest }], call);
    assert.deepEqual(
      plan.steps.map((step) => step.kind === 'manifest' && [...step.tags].sort()),
      [['2', 'two']],
    );
    const [done] = await runDeletion(contents, plan, call);
    assert.equal(done?.outcome, 'deleted');
    const tags = await collect(listTags(contents, { repository, sort: 'name' }, call));
    assert.deepEqual(tags.rows.map(({ tag }) => tag).sort(), ['1.10', '1.9', 'all', 'multi']);
  });
});
