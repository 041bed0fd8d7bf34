import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { content, errorCode, freshContent, octetStream, putBlob, type Content } from './support/content.ts';
import type { RawAnswer } from './support/rawHttp.ts';
import { Target } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

/** Gitea's 25 letters and digits; Forgejo ≥ 14 has 22 characters of base64url in lower case. */
const uploadId = /^(?:[a-z0-9]{25}|[a-z0-9_-]{22})$/;

async function startUpload(image: string, query = ''): Promise<RawAnswer> {
  const answer = await target.registry('POST', `/v2/${target.owner}/${image}/blobs/uploads/${query}`);
  assert.equal(answer.status, 202, answer.text);
  return answer;
}

async function session(image: string): Promise<string> {
  return (await startUpload(image)).headers.location ?? '';
}

async function patch(location: string, body: Buffer, range?: string): Promise<RawAnswer> {
  const contentRange: Record<string, string> = range === undefined ? {} : { 'Content-Range': range };
  return target.registry('PATCH', location, { headers: { ...octetStream, ...contentRange }, body });
}

async function finish(location: string, digest: string, request = {}): Promise<RawAnswer> {
  return target.registry('PUT', `${location}?digest=${digest}`, { headers: octetStream, ...request });
}

async function headBlob(image: string, { digest }: Content): Promise<number> {
  return (await target.registry('HEAD', `/v2/${target.owner}/${image}/blobs/${digest}`)).status;
}

describe('an upload', () => {
  test('may come whole with the PUT', async () => {
    const image = target.image();
    const blob = freshContent(50_000);
    const answer = await finish(await session(image), blob.digest, { body: blob.bytes });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['docker-content-digest'], blob.digest);
    assert.equal(await headBlob(image, blob), 200);
  });

  test('may begin without Content-Range', async () => {
    const blob = freshContent(1000);
    const location = await session(target.image());
    const answer = await patch(location, blob.bytes);
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.location, location);
    assert.equal((await finish(location, blob.digest)).status, 201);
  });

  test('answers with a path, and an id that is no UUID', async () => {
    const image = target.image();
    const answer = await startUpload(image);
    const id = String(answer.headers['docker-upload-uuid']);
    assert.match(id, uploadId);
    assert.equal(answer.headers.location, `/v2/${target.owner}/${image}/blobs/uploads/${id}`);
  });

  test('is bound neither to an image nor to a user', async () => {
    const blob = freshContent(1000);
    const location = await session(target.image());
    const id = location.split('/').at(-1) ?? '';
    const elsewhere = target.image();
    assert.equal((await patch(`/v2/${target.owner}/${elsewhere}/blobs/uploads/${id}`, blob.bytes)).status, 202);
    const finished = await finish(`/v2/${target.owner}/${elsewhere}/blobs/uploads/${id}`, blob.digest);
    assert.equal(finished.status, 201);
    assert.equal(await headBlob(elsewhere, blob), 200);
  });

  test('of an empty blob ends with a PUT without a PATCH', async () => {
    const empty = content('');
    const image = target.image();
    assert.equal((await finish(await session(image), empty.digest)).status, 201);
    assert.equal(await headBlob(image, empty), 200);
  });

  test('gives no Range before its first byte', async (t) => {
    if (!target.has('exactRange')) {
      t.skip('since Gitea 1.24.2');
      return;
    }
    const answer = await target.registry('GET', await session(target.image()));
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.range, undefined);
  });

  test('compares only the start of a range', async () => {
    const blob = freshContent(1000);
    const location = await session(target.image());
    assert.equal((await patch(location, blob.bytes, '0-5')).status, 202);
    assert.equal((await patch(location, blob.bytes, '5-1004')).status, 416);
    assert.equal((await patch(location, blob.bytes, 'nonsense')).status, 400);
  });

  test('keeps wrong bytes after a wrong digest', async () => {
    const blob = freshContent(1000);
    const location = await session(target.image());
    const wrong = await finish(location, freshContent(1).digest, { body: blob.bytes });
    assert.equal(wrong.status, 400);
    assert.equal(errorCode(wrong.text), 'DIGEST_INVALID');
    assert.equal((await finish(location, blob.digest)).status, 201);
  });

  test('needs a sha256 digest to end', async () => {
    const location = await session(target.image());
    for (const query of ['', '?digest=', `?digest=sha512:${'0'.repeat(128)}`, '?digest=nonsense']) {
      const answer = await target.registry('PUT', `${location}${query}`, { headers: octetStream });
      assert.equal(answer.status, 400, query);
      assert.equal(errorCode(answer.text), 'DIGEST_INVALID', query);
    }
  });

  test('is gone once deleted, which Gitea 1.17 cannot do', async () => {
    const location = await session(target.image());
    if (!target.has('uploadState')) {
      for (const method of ['GET', 'DELETE']) assert.equal((await target.registry(method, location)).status, 404);
      return;
    }
    assert.equal((await target.registry('DELETE', location)).status, 204);
    const again = await target.registry('DELETE', location);
    assert.equal(again.status, 404);
    assert.equal(errorCode(again.text), 'BLOB_UPLOAD_UNKNOWN');
  });

  test('loses a body whose Content-Type is a form', async () => {
    const blob = freshContent(1000);
    const answer = await finish(await session(target.image()), blob.digest, {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: blob.bytes,
    });
    assert.equal(answer.status, 400);
    assert.equal(errorCode(answer.text), 'DIGEST_INVALID');
  });

  test('in one POST is refused if the digest does not fit', async () => {
    const path = `/v2/${target.owner}/${target.image()}/blobs/uploads/?digest=${freshContent(1).digest}`;
    const answer = await target.registry('POST', path, { headers: octetStream, body: 'other bytes' });
    assert.equal(answer.status, 400);
    assert.equal(errorCode(answer.text), 'DIGEST_INVALID');
  });

  test('that was interrupted can neither be continued nor committed', async () => {
    const location = await session(target.image());
    const headers = { ...octetStream, ...(await target.authorize()) };
    const blob = freshContent(400_000);
    await target.http.tear('PATCH', location, {
      headers: { ...headers, 'Content-Range': '0-399999' },
      sent: blob.bytes.subarray(0, 200_000),
      announced: 400_000,
    });
    await untilUnusable(location);
    assert.equal((await patch(location, blob.bytes, '0-399999')).status, 500);
    const put = await finish(location, blob.digest, { body: blob.bytes });
    assert.equal(put.status, 500);
    assert.equal(put.text, '');
    if (!target.has('uploadState')) return;
    assert.equal((await target.registry('GET', location)).status, 204);
    assert.equal((await target.registry('DELETE', location)).status, 204);
  });
});

/** Waits until the server has noticed a broken body: a PUT whose digest cannot fit is harmless until then. */
async function untilUnusable(location: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await finish(location, freshContent(1).digest)).status === 500) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('a broken PATCH did not poison the session');
}

describe('a blob', () => {
  test('is returned byte for byte, and only from its own image', async () => {
    const blob = freshContent(70_000);
    const image = target.image();
    await putBlob(target, image, blob);
    const answer = await target.registry('GET', `/v2/${target.owner}/${image}/blobs/${blob.digest}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, blob.bytes);
    assert.equal(answer.headers['docker-content-digest'], blob.digest);
    const elsewhere = await target.registry('GET', `/v2/${target.owner}/${target.image()}/blobs/${blob.digest}`);
    assert.equal(elsewhere.status, 404);
    assert.equal(errorCode(elsewhere.text), 'BLOB_UNKNOWN');
  });

  test('is returned whole even if a range is requested', async (t) => {
    if (target.capabilities.forgejo) {
      t.skip('Forgejo supports Range');
      return;
    }
    const blob = freshContent(1000);
    const image = target.image();
    await putBlob(target, image, blob);
    const answer = await target.registry('GET', `/v2/${target.owner}/${image}/blobs/${blob.digest}`, {
      headers: { Range: 'bytes=10-19' },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 1000);
  });

  test('that is deleted gets 202, whether it existed or not', async () => {
    const blob = freshContent(1000);
    const image = target.image();
    await putBlob(target, image, blob);
    for (let time = 0; time < 2; time++) {
      const answer = await target.registry('DELETE', `/v2/${target.owner}/${image}/blobs/${blob.digest}`);
      assert.equal(answer.status, 202);
      assert.equal(await headBlob(image, blob), 404);
    }
  });
});

describe('a mount', () => {
  test('finds a blob anywhere, or in the one image that is named', async () => {
    const blob = freshContent(1000);
    const [source, destination] = [target.image(), target.image()];
    await putBlob(target, source, blob);
    const path = `/v2/${target.owner}/${destination}/blobs/uploads/?mount=${blob.digest}`;
    const mounted = await target.registry('POST', `${path}&from=${target.owner}/${source}`);
    const anywhere = await target.registry('POST', path);
    assert.equal(anywhere.status, 201);
    assert.equal(anywhere.headers.location, `/v2/${target.owner}/${destination}/blobs/${blob.digest}`);
    // Gitea up to 1.18.0 says so and stores nothing, and finds no image by `from`.
    assert.equal(mounted.status, target.has('mount') ? 201 : 202);
    assert.equal(await headBlob(destination, blob), target.has('mount') ? 200 : 404);
  });

  test('from an image that does not have the blob is an ordinary upload', async () => {
    const blob = freshContent(1000);
    await putBlob(target, target.image(), blob);
    const answer = await startUpload(target.image(), `?mount=${blob.digest}&from=${target.owner}/${target.image()}`);
    assert.match(String(answer.headers['docker-upload-uuid']), uploadId);
  });

  test('does not show what the user may not see since Gitea 1.20', async (t) => {
    if (!target.capabilities.admin) {
      t.skip('needs an admin account, to create others');
      return;
    }
    const [hidden, other] = [await target.user({ visibility: 'private' }), await target.user()];
    const blob = freshContent(1000);
    const stored = await target.exchange('POST', `/v2/${hidden.name}/app/blobs/uploads/?digest=${blob.digest}`, {
      headers: { ...octetStream, ...(await target.authorize(hidden.name, hidden.password)) },
      body: blob.bytes,
    });
    assert.equal(stored.status, 201);
    const answer = await target.exchange('POST', `/v2/${other.name}/app/blobs/uploads/?mount=${blob.digest}`, {
      headers: await target.authorize(other.name, other.password),
    });
    assert.equal(answer.status, target.has('mountOfVisible') ? 202 : 201);
  });
});

describe('a path', () => {
  test('may have repeated slashes since Gitea 1.19, and the owner in capitals', async () => {
    const image = target.image();
    const slash = target.has('laxPaths') ? '//' : '/';
    const path = `/v2${slash}${target.owner.toUpperCase()}/${image}${slash}blobs/uploads`;
    const answer = await target.registry('POST', path);
    assert.equal(answer.status, 202);
    assert.match(answer.headers.location ?? '', new RegExp(`^/v2/${target.owner}/${image}/blobs/uploads/`));
  });

  test('may not have an image name outside of Gitea’s grammar', async () => {
    for (const name of ['a--b', 'a__b', 'A', '-a', 'a.', 'a/-b', 'a..b']) {
      const answer = await target.registry('POST', `/v2/${target.owner}/${name}/blobs/uploads/`);
      assert.equal(answer.status, 400, name);
      assert.equal(errorCode(answer.text), 'NAME_INVALID', name);
    }
    const deep = await target.registry('POST', `/v2/${target.owner}/${target.image()}/b.c/d_e/f-g/blobs/uploads/`);
    assert.equal(deep.status, 202);
  });
});
