import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RawHttp } from '../../contract/support/rawHttp.ts';
import { badGateway, tooManyRequests } from '../../fakeGitea/http/proxyReplies.ts';
import { bench, digestOf } from './support.ts';

const octetStream = { 'Content-Type': 'application/octet-stream' };
const connectionLost = { code: 'ECONNRESET' };

describe('a fault', () => {
  test('meets only the requests it is meant for, and only so often', async () => {
    await using b = await bench();
    const fault = b.fakeGitea.faults.add({
      method: 'GET',
      path: /\/tags\/list/,
      skip: 1,
      times: 2,
      action: { kind: 'answer', reply: badGateway() },
    });
    const statuses: number[] = [];
    for (let time = 0; time < 5; time++) statuses.push((await b.ask('GET', '/v2/dev/app/tags/list')).status);
    assert.deepEqual(statuses, [404, 502, 502, 404, 404]);
    assert.equal(fault.strikes, 2);
    assert.equal((await b.ask('GET', '/v2/')).status, 200);
  });

  test('can be removed', async () => {
    await using b = await bench();
    const fault = b.fakeGitea.faults.add({ times: Infinity, action: { kind: 'reset' } });
    await assert.rejects(b.ask('GET', '/v2/'), connectionLost);
    fault.remove();
    assert.equal((await b.ask('GET', '/v2/')).status, 200);
  });

  test('reports when it strikes', async () => {
    await using b = await bench();
    let struck = 0;
    b.fakeGitea.faults.add({ action: { kind: 'delay', ms: 1 }, onStrike: () => struck++ });
    assert.equal((await b.ask('GET', '/v2/')).status, 200);
    assert.equal(struck, 1);
    assert.equal(b.fakeGitea.requests.at(-1)?.fault, 'delay');
  });
});

describe('reset', () => {
  test('ends the connection before anything is read', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    b.fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'reset' } });
    await assert.rejects(b.ask('PATCH', location, { headers: octetStream, body: Buffer.alloc(100_000) }), (error) => {
      assert(error instanceof Error && 'code' in error);
      return error.code === 'ECONNRESET' || error.code === 'EPIPE';
    });
    const record = b.fakeGitea.requests.at(-1);
    assert.deepEqual([record?.outcome, record?.status, record?.bytesReceived], ['cut', undefined, 0]);
    assert.equal((await b.ask('PATCH', location, { headers: octetStream, body: 'whole' })).status, 202);
  });
});

describe('cutRequest', () => {
  test('takes exactly so many bytes, and poisons the upload as a broken connection does', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    await b.ask('PATCH', location, { headers: octetStream, body: Buffer.alloc(1000) });
    b.fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'cutRequest', afterBytes: 12_345 } });
    const range = { ...octetStream, 'Content-Range': '1000-300999' };
    await assert.rejects(b.ask('PATCH', location, { headers: range, body: Buffer.alloc(300_000) }));
    assert.equal(b.fakeGitea.requests.at(-1)?.bytesReceived, 12_345);
    assert.equal((await b.ask('GET', location)).headers.range, '0-999');
    assert.equal((await b.ask('PATCH', location, { headers: range, body: Buffer.alloc(10) })).status, 500);
    const beyond = { ...octetStream, 'Content-Range': '13345-300999' };
    assert.equal((await b.ask('PATCH', location, { headers: beyond, body: Buffer.alloc(10) })).status, 416);
  });
});

describe('cutReply', () => {
  test('ends the connection within the answer', async () => {
    await using b = await bench();
    const { digest } = await b.putBlob(Buffer.alloc(100_000, 'x'));
    b.fakeGitea.faults.add({ method: 'GET', action: { kind: 'cutReply', afterBytes: 500 } });
    await assert.rejects(b.ask('GET', `/v2/dev/app/blobs/${digest}`), connectionLost);
    assert.equal(b.fakeGitea.requests.at(-1)?.outcome, 'cut');
    assert.equal((await b.ask('GET', `/v2/dev/app/blobs/${digest}`)).body.length, 100_000);
  });
});

describe('stall', () => {
  test('neither answers nor ends until the client goes', async () => {
    await using b = await bench();
    b.fakeGitea.faults.add({ action: { kind: 'stall' } });
    const request = b.http.request('GET', '/v2/');
    const first = await Promise.race([request, b.http.request('GET', '/v2/token').then(() => 'others are served')]);
    assert.equal(first, 'others are served');
    await b.fakeGitea.goDown();
    await assert.rejects(request, connectionLost);
  });

  test('may read a part of the body first', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    const stalled = Promise.withResolvers<undefined>();
    b.fakeGitea.faults.add({
      method: 'PATCH',
      action: { kind: 'stall', afterBytes: 5000 },
      onStrike: () => {
        stalled.resolve(undefined);
      },
    });
    const request = b.ask('PATCH', location, { headers: octetStream, body: Buffer.alloc(100_000) });
    await stalled.promise;
    const record = b.fakeGitea.requests.at(-1);
    while (record?.bytesReceived !== 5000) await new Promise((resolve) => setTimeout(resolve, 5));
    await b.fakeGitea.goDown();
    await assert.rejects(request);
  });
});

describe('answer', () => {
  test('replaces Gitea, which sees nothing', async () => {
    await using b = await bench();
    b.fakeGitea.faults.add({ method: 'POST', action: { kind: 'answer', reply: tooManyRequests(7) } });
    const answer = await b.ask('POST', '/v2/dev/app/blobs/uploads/');
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['retry-after'], '7');
    assert.match(answer.text, /<h1>429 Too Many Requests<\/h1>/);
    assert.deepEqual(b.fakeGitea.openSessions(), []);
  });
});

describe('loseAnswer', () => {
  test('does the work and says nothing', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    const body = Buffer.from('the bytes of a blob');
    await b.ask('PATCH', location, { headers: octetStream, body });
    assert.equal(b.fakeGitea.blob(digestOf(body)), undefined);
    b.fakeGitea.faults.add({ method: 'PUT', action: { kind: 'loseAnswer' } });
    const put = `${location}?digest=${digestOf(body)}`;
    await assert.rejects(b.ask('PUT', put), connectionLost);
    assert.equal(b.fakeGitea.blob(digestOf(body))?.size, body.length);
    assert.equal((await b.ask('PUT', put)).status, 404);
  });
});

describe('bodyLimit', () => {
  test('refuses what is announced as larger, and nothing else', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    const limit = { kind: 'bodyLimit', bytes: 1_000_000 } as const;
    b.fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: limit });
    const large = await b.ask('PATCH', location, { headers: octetStream, body: Buffer.alloc(5_000_000) });
    assert.equal(large.status, 413);
    assert.equal(large.headers['content-type'], 'text/html');
    assert.equal(large.headers['server'], 'nginx');
    const fitting = await b.ask('PATCH', location, { headers: octetStream, body: Buffer.alloc(1_000_000) });
    assert.equal(fitting.status, 202);
    assert.equal(fitting.headers.range, '0-999999');
  });
});

describe('expireTokens', () => {
  test('voids what was issued before the request', async () => {
    await using b = await bench();
    const token = async (): Promise<string> => {
      const { text } = await b.ask('GET', '/v2/token');
      return `Bearer ${(JSON.parse(text) as { token: string }).token}`;
    };
    const before = await token();
    assert.equal((await b.http.request('GET', '/v2/', { headers: { Authorization: before } })).status, 200);
    b.fakeGitea.faults.add({ path: /tags/, action: { kind: 'expireTokens' } });
    const path = '/v2/dev/app/tags/list';
    assert.equal((await b.http.request('GET', path, { headers: { Authorization: before } })).status, 401);
    assert.equal((await b.http.request('GET', path, { headers: { Authorization: await token() } })).status, 404);
  });
});

describe('the whole server', () => {
  test('goes down and comes back with everything it had', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    await b.fakeGitea.goDown();
    const newcomer = new RawHttp(b.fakeGitea.origin); // without a connection that it only believes to be open
    await assert.rejects(newcomer.request('GET', '/v2/'), { code: 'ECONNREFUSED' });
    newcomer.close();
    await b.fakeGitea.comeBack();
    assert.equal((await b.ask('GET', location)).status, 204);
  });

  test('removes unfinished uploads and unused blobs at its nightly clean-up', async () => {
    await using b = await bench();
    const location = await b.openUpload();
    const { digest } = await b.putBlob();
    const used = Buffer.from('{"used":true}');
    assert.equal((await b.pushTag('v1', used)).status, 201);
    await b.fakeGitea.cleanUp();
    assert.equal((await b.ask('GET', location)).status, 404);
    assert.equal(b.fakeGitea.blob(digest), undefined);
    assert.equal((await b.ask('HEAD', `/v2/dev/app/blobs/${digest}`)).status, 404);
    assert.equal((await b.ask('HEAD', `/v2/dev/app/blobs/${digestOf(used)}`)).status, 200);
    assert.deepEqual(b.fakeGitea.tags('dev', 'app'), ['v1']);
  });
});

describe('the log of requests', () => {
  test('lists what was received, and no secret', async () => {
    await using b = await bench();
    const secret = b.fakeGitea.createToken('dev', ['read:user']);
    const location = await b.openUpload();
    await b.ask('PATCH', location, {
      headers: { ...octetStream, 'X-Gitea-OTP': '123456' },
      body: Buffer.alloc(70_000),
    });
    await b.http.request('GET', '/api/v1/user', { headers: { Authorization: `token ${secret}` } });
    const [, patch, user] = b.fakeGitea.requests;
    assert.deepEqual(
      [patch?.method, patch?.path, patch?.status, patch?.bytesReceived, patch?.authorization, patch?.outcome],
      ['PATCH', location, 202, 70_000, 'basic', 'answered'],
    );
    assert.deepEqual([user?.authorization, user?.status], ['token', 200]);
    assert.equal(b.fakeGitea.bytesReceived, 70_000);
    const everything = JSON.stringify(b.fakeGitea.requests);
    for (const word of [secret, '123456', String(b.dev['Authorization']).slice(6)]) assert(!everything.includes(word));
  });
});
