import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { basic, RawHttp, type RawAnswer } from '../../contract/support/rawHttp.ts';
import { defaultSeed } from '../../fakeGitea/model/seed.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';

const octetStream = { 'Content-Type': 'application/octet-stream' };

/** A fake Gitea with a client of user dev; both end with the test's `using` block. */
export interface Bench extends AsyncDisposable {
  readonly fakeGitea: FakeGitea;
  readonly http: RawHttp;
  /** Basic credentials of dev. */
  readonly dev: Record<string, string>;
  readonly admin: Record<string, string>;
  /** A request as dev. */
  ask(
    method: string,
    path: string,
    request?: { headers?: Record<string, string>; body?: Buffer | string },
  ): Promise<RawAnswer>;
  /** Opens an upload in dev/app and gives its path. */
  openUpload(): Promise<string>;
  /** Stores bytes in dev/app; they are random unless given. */
  putBlob(bytes?: Buffer): Promise<{ digest: string; size: number }>;
  /** Pushes an image of a config alone. */
  pushTag(tag: string, config?: Buffer): Promise<RawAnswer>;
}

export async function bench(options: FakeGiteaOptions = {}): Promise<Bench> {
  const fakeGitea = await startFakeGitea(options);
  const http = new RawHttp(fakeGitea.origin, { ca: fakeGitea.certificatePem });
  const dev = credentialsOf('dev');
  const ask: Bench['ask'] = (method, path, request = {}) =>
    http.request(method, path, { ...request, headers: { ...dev, ...request.headers } });
  const putBlob: Bench['putBlob'] = async (bytes = randomBytes(1000)) => {
    const digest = digestOf(bytes);
    const path = `/v2/dev/app/blobs/uploads/?digest=${digest}`;
    const answer = await ask('POST', path, { headers: octetStream, body: bytes });
    assert.equal(answer.status, 201, answer.text);
    return { digest, size: bytes.length };
  };
  return {
    fakeGitea,
    http,
    dev,
    admin: credentialsOf('giteaAdmin'),
    ask,
    putBlob,
    openUpload: async () => {
      const answer = await ask('POST', '/v2/dev/app/blobs/uploads/');
      assert.equal(answer.status, 202, answer.text);
      return answer.headers.location ?? '';
    },
    pushTag: async (tag, config = Buffer.from('{}')) => {
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const described = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await putBlob(config)) };
      const manifest = { schemaVersion: 2, mediaType, config: described, layers: [] };
      const body = JSON.stringify(manifest);
      return ask('PUT', `/v2/dev/app/manifests/${tag}`, { headers: { 'Content-Type': mediaType }, body });
    },
    [Symbol.asyncDispose]: async () => {
      http.close();
      await fakeGitea.close();
    },
  };
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function credentialsOf(name: string): Record<string, string> {
  const user = defaultSeed.users.find((each) => each.name === name);
  assert(user !== undefined);
  return basic(user.name, user.password);
}
