import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOfTag, retag } from '../../../../src/core/gitea/browse/retag.ts';
import { readDocument } from '../../../../src/core/gitea/browse/readDocument.ts';
import { pushImage, pushIndex } from '../pushContent.ts';
import { never, signedIn } from '../testClient.ts';

const call = { signal: never };
const repository = 'team/app';

suite('another tag', () => {
  test('is the same manifest, byte for byte, without a blob sent', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const image = await pushImage(client, repository, ['1']);
    const index = await pushIndex(client, repository, 'multi', [image]);
    const contents = await client.contents(call);
    fakeGitea.clearRequests();
    for (const [digest, tag] of [
      [image, 'stable'],
      [index, 'all'],
    ] as const) {
      await retag(contents, { repository, digest, tag, replaces: undefined }, call);
      const stored = await fakeGitea.manifest('team', 'app', tag);
      const source = await fakeGitea.manifest('team', 'app', digest === image ? '1' : 'multi');
      assert.deepEqual(stored, source);
    }
    assert.deepEqual(
      fakeGitea.requests.filter(({ path }) => path.includes('/blobs/')),
      [],
    );
  });

  test('replaces only what the person has seen under it', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const digest = await pushImage(client, repository, ['1']);
    const seen = await pushImage(client, repository, ['stable']);
    const contents = await client.contents(call);
    assert.equal(await digestOfTag(contents, { repository, tag: 'stable' }, call), seen);
    assert.equal(await digestOfTag(contents, { repository, tag: 'nosuch' }, call), undefined);
    const now = await pushImage(client, repository, ['stable']);
    const wanted = { repository, digest, tag: 'stable', replaces: seen };
    await assert.rejects(retag(contents, wanted, call), { code: 'changedMeanwhile', message: /was left alone/ });
    assert.equal((await fakeGitea.manifest('team', 'app', 'stable'))?.digest, now);
    await retag(contents, { ...wanted, replaces: now }, call);
    assert.equal((await fakeGitea.manifest('team', 'app', 'stable'))?.digest, digest);
  });

  test('is refused for bytes that are not of the digest, and for what is gone', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const digest = await pushImage(client, repository, ['1']);
    const contents = await client.contents(call);
    const body = '{"schemaVersion":2,"config":{},"layers":[]}';
    fakeGitea.faults.add({
      method: 'GET',
      path: /manifests\/sha256/,
      action: { kind: 'answer', reply: { status: 200, body } },
    });
    const wanted = { repository, digest, tag: 'x', replaces: undefined };
    await assert.rejects(retag(contents, wanted, call), { code: 'digestMismatch', message: /gave other bytes/ });
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['1']);
    const gone = { ...wanted, digest: `sha256:${'1'.repeat(64)}` as const };
    await assert.rejects(retag(contents, gone, call), { code: 'changedMeanwhile', message: /has no manifest/ });
  });
});

suite('a document', () => {
  test('is the manifest or config as JSON that can be read, and the history with the sizes of layers', async (t) => {
    const { client } = await signedIn(t);
    const digest = await pushImage(client, repository, ['1'], { layerSize: 4_321 });
    const opened = await client.repository(repository, call);
    const manifest = await readDocument(opened, { digest, part: 'manifest' }, call);
    const stored = (await opened.readManifest(digest, call)) ?? assert.fail();
    assert.deepEqual(JSON.parse(manifest), JSON.parse(Buffer.from(stored.bytes).toString()));
    assert.match(manifest, /^\{\n {2}"schemaVersion": 2,\n/);
    const config = await readDocument(opened, { digest, part: 'config' }, call);
    assert.equal((JSON.parse(config) as { architecture: string }).architecture, 'amd64');
    const history = (await readDocument(opened, { digest, part: 'history' }, call)).split('\n');
    assert.match(history[0] ?? '', /^CREATED +LAYER {2}CREATED BY$/);
    assert.match(history[1] ?? '', /^2026-11-01T10:00:00Z +4321 bytes {2}COPY app\d+ \/app$/);
    assert.match(history[2] ?? '', /^2026-11-01T10:00:01Z +CMD \["\/app"\]$/);
  });

  test('of an index has no config, and an error says what has', async (t) => {
    const { client } = await signedIn(t);
    const index = await pushIndex(client, repository, 'multi', [await pushImage(client, repository, [])]);
    const opened = await client.repository(repository, call);
    await assert.rejects(readDocument(opened, { digest: index, part: 'config' }, call), { message: /Its images have/ });
    assert.match(await readDocument(opened, { digest: index, part: 'manifest' }, call), /"manifests": \[/);
  });

  test('shows characters that are not seen, and refuses bytes of another digest', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const digest = await pushImage(client, repository, ['1'], { architecture: 'amd\u202e64\u200b' });
    const opened = await client.repository(repository, call);
    const config = await readDocument(opened, { digest, part: 'config' }, call);
    assert.match(config, /"amd\\u202e64\\u200b"/);
    fakeGitea.faults.add({
      method: 'GET',
      path: /blobs/,
      action: { kind: 'answer', reply: { status: 200, body: '{}' } },
    });
    await assert.rejects(readDocument(opened, { digest, part: 'config' }, call), { code: 'digestMismatch' });
  });
});
