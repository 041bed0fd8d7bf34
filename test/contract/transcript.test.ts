import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { content, freshContent, type Content } from './support/content.ts';
import { basic, bearer, type RawAnswer } from './support/rawHttp.ts';
import { Target, type Account } from './support/target.ts';
import { readTranscript, type Exchange } from './support/transcript.ts';

/**
 * Sends every request of a session that was recorded with Gitea 1.26, in order, and compares the answers with the
 * recorded ones: status, every recorded header, and the body. Names, digests and ids differ from run to run, so they are
 * replaced in requests and responses.
 */
const exchanges = readTranscript(new URL('gitea-1.26.transcript.txt', import.meta.url));

/** Headers that must be absent if none was recorded. */
const telling = [
  'www-authenticate',
  'location',
  'range',
  'docker-upload-uuid',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'link',
  'content-type',
  'x-content-type-options',
  'x-total-count',
];
const ofTheConnection = ['connection', 'transfer-encoding'];

// Bytes that no earlier run can have stored.
const layer = freshContent(300_000);
const config = content(JSON.stringify({ architecture: 'amd64', os: 'linux', made: randomUUID() }).padEnd(163));
const broken = Buffer.alloc(2_000_000, 'broken');
const recorded = {
  origin: 'http://gitea.test:3000',
  layer: 'sha256:5b09641d86e98501f7e8352e3baf910a8dbbba04a6e221bd21a5efcf4079def8',
  other: 'sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
  config: 'sha256:5c688b27fc9ae5b1b60b826ad91cbde2646281bc3547dfa9240cdb06b28e7808',
  manifest: 'sha256:a9dc320d68c0e37bd6c72fc81164d3d203e973488a640c74312884d3856c01b3',
};
const manifest = manifestWith(layer.digest, 300_000);

let target: Target;
let dev: Account | undefined;
let skipAll: string | undefined;
/** Recorded value → value in this run. */
const ours = new Map<string, string>();
const tokens = { write: '', read: '', other: '' };
const ids = new Map<number, number>();

before(async () => {
  target = await Target.open();
  const { version, admin } = target.capabilities;
  if (!target.isGitea('1.26.0', '1.27.0')) skipAll = `recorded with Gitea 1.26, this is ${version}`;
  if (skipAll !== undefined) return;
  dev = admin ? await target.user() : undefined;
  tokens.write = await target.personalToken(['write:package']);
  tokens.read = await target.personalToken(['read:package']);
  tokens.other = await target.personalToken(['read:repository']);
  ids.set(-1, -1).set(1, await idOf(target.account));
  if (dev !== undefined) ids.set(2, await idOf(dev));
  for (const [was, is] of [
    [recorded.origin, target.http.origin],
    [`${recorded.origin}/api`, `${target.http.origin}${target.subPath}/api`],
    [recorded.layer, layer.digest],
    [recorded.other, freshContent(1).digest],
    [recorded.config, config.digest],
    [recorded.manifest, manifest.digest],
    ['/v2/nosuch/', '/v2/no-such-owner-here/'],
    ['giteaAdmin', mixedCase(target.account.name)],
    ['giteaadmin', target.owner],
    ['/v2/dev/app/', `/v2/${dev?.name ?? ''}/${target.image('app')}/`],
    ['/app', `/${target.image('app')}`],
    ['/other/', `/${target.image('other')}/`],
  ] as const) {
    ours.set(was, is);
  }
});

after(() => target.close());

test('the bodies have the recorded lengths', () => {
  assert.equal(manifest.bytes.length, 404);
  assert.equal(config.bytes.length, 163);
  assert.equal(exchanges.length, 62);
});

for (const [index, exchange] of exchanges.entries()) {
  test(`${String(index + 1).padStart(2, '0')} ${exchange.name}`, async (t) => {
    const reason = skipAll ?? skipReason(exchange);
    if (reason !== undefined) {
      t.skip(reason);
      return;
    }
    if (exchange.name === 'status after broken PATCH') await breakPatch(exchange);
    const body = bodyFor(exchange);
    const root = exchange.path.startsWith('/api/') ? target.subPath : '';
    const answer = await target.exchange(exchange.method, root + toOurs(exchange.path), {
      headers: { ...exchange.headers, ...(await authorizationFor(exchange)) },
      ...(body === undefined ? {} : { body }),
    });
    learn(exchange, answer);
    compare(exchange, answer);
  });
}

function skipReason(exchange: Exchange): string | undefined {
  if (usesDev(exchange) && dev === undefined) return 'needs an admin, to create a user';
  return target.capabilities.proxied ? ofBrokenBodies[exchange.name] : undefined;
}

const kept = 'a proxy keeps a broken body to itself, and Gitea has never seen it';
const early = 'an answer before the end of a large body becomes the 502 of a proxy';
const ofBrokenBodies: Readonly<Record<string, string>> = {
  'status after broken PATCH': kept,
  'resume same offset': kept,
  '8 MB PATCH to unknown session': early,
  '8 MB PATCH with bad token': early,
  '64 MB PATCH with bad token': early,
};

function usesDev({ name }: Exchange): boolean {
  return ['dev', 'POST own', 'POST other owner'].includes(name);
}

/** The credentials of the recorded request, by its name. */
async function authorizationFor({ name, auth }: Exchange): Promise<Record<string, string>> {
  const { account } = target;
  if (auth === undefined) return {};
  if (auth === 'token') return { Authorization: `token ${tokens.write}` };
  if (usesDev({ name } as Exchange) && dev !== undefined) {
    return auth === 'Basic' ? basic(dev.name, dev.password) : target.authorize(dev.name, dev.password);
  }
  const special: Record<string, Record<string, string>> = {
    'wrong password': basic(account.name, `${account.password}?`),
    'password with : @ %': basic(account.name, account.password),
    'PAT write:package': basic(account.name, tokens.write),
    'PAT as password with another username': basic('somebody-else', tokens.write),
    'PAT as username, empty password': basic(tokens.write, ''),
    'PAT as username': basic(tokens.write, 'x-oauth-basic'),
    'PAT read:package': basic(account.name, tokens.read),
    'PAT without package scope': basic(account.name, tokens.other),
    'ping with basic': basic(account.name, account.password),
    'ping bad bearer': bearer('not.a.token'),
    'ping PAT as bearer': bearer(tokens.write),
    '8 MB PATCH with bad token': bearer('not.a.token'),
    '64 MB PATCH with bad token': bearer('not.a.token'),
  };
  if (name === 'POST upload with read-only token') return target.authorize(account.name, tokens.read);
  return special[name] ?? target.authorize();
}

function bodyFor({ name, path, headers, bodyLength }: Exchange): Buffer | undefined {
  if (bodyLength === undefined) return undefined;
  if (name === 'manifest wrong size') return manifestWith(layer.digest, 1).bytes;
  if (name === 'manifest unknown layer') return manifestWith(content('absent').digest, 300_000).bytes;
  if (path.includes('/manifests/')) return manifest.bytes;
  if (path.includes('?digest=')) return config.bytes;
  const start = Number.parseInt(headers['Content-Range'] ?? '', 10) || 0;
  return start + bodyLength <= layer.bytes.length
    ? layer.bytes.subarray(start, start + bodyLength)
    : Buffer.alloc(bodyLength);
}

/** Not in the transcript: the connection ends after half of a PATCH. */
async function breakPatch({ path }: Exchange): Promise<void> {
  const session = toOurs(path);
  const headers = { ...(await target.authorize()), 'Content-Type': 'application/octet-stream' };
  await target.http.tear('PATCH', session, {
    headers: { ...headers, 'Content-Range': '1000000-1999999' },
    sent: broken.subarray(0, 500_000),
    announced: 1_000_000,
  });
  // A PUT with a digest that cannot fit changes nothing: 400 while the session is usable, 500 once it is not.
  for (let attempt = 0; attempt < 100; attempt++) {
    const probe = await target.http.request('PUT', `${session}?digest=${content('').digest}`, { headers });
    if (probe.status === 500) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('a broken PATCH did not poison the session');
}

function learn({ answer: { headers } }: Exchange, answer: RawAnswer): void {
  const [was, is] = [headers['docker-upload-uuid'], answer.headers['docker-upload-uuid']];
  if (was !== undefined && typeof is === 'string') ours.set(was, is);
}

function compare({ name, method, answer: expected }: Exchange, answer: RawAnswer): void {
  assert.equal(answer.status, expected.status, answer.text);
  const wanted = { ...expected.headers };
  const shared = ['catalog', 'REST packages'].includes(name) && !target.capabilities.exclusive;
  if (shared) delete wanted['x-total-count'];
  if (shared || (method !== 'HEAD' && bodyDiffers(expected.body, answer))) delete wanted['content-length'];
  for (const [header, value] of Object.entries(wanted)) {
    if (target.capabilities.proxied && ofTheConnection.includes(header)) continue;
    if (header === 'content-length' && lacksLineFeed(answer, method, value)) continue;
    const given = answer.values(header).join(', ');
    // No name is part of a media type: of a user called “plain”, text/plain would be taken for one.
    const compared = header === 'content-type' ? given : toRecorded(given);
    assert.equal(compared, value, `${header} of “${name}”`);
  }
  for (const header of telling) {
    if (!(header in expected.headers)) assert.equal(answer.headers[header], undefined, `${header} of “${name}”`);
  }
  if (!target.capabilities.proxied) assert.equal(answer.headers.connection, expected.headers['connection']);
  if (answer.headers['content-length'] !== undefined && method !== 'HEAD') {
    assert.equal(answer.headers['content-length'], String(answer.body.length));
  }
  if (expected.claims !== undefined) compareClaims(expected.claims, answer.text);
  if (expected.body !== undefined && !shared) assert.equal(toRecorded(answer.text).trimEnd(), expected.body);
}

/**
 * A Gitea that was built with Go's new JSON (GOEXPERIMENT=jsonv2, the Makefile's default) ends a JSON body without the
 * line feed that the recorded one has: the length is less by one, and by no more. A HEAD shows the length alone.
 */
function lacksLineFeed(answer: RawAnswer, method: string, recordedLength: string): boolean {
  const isJson = (answer.headers['content-type'] ?? '').startsWith('application/json');
  const isShorter = answer.headers['content-length'] === String(Number(recordedLength) - 1);
  return isJson && isShorter && (method === 'HEAD' || !answer.text.endsWith('\n'));
}

/** A name or a number in it has another length than the recorded one: then so has the body. */
function bodyDiffers(body: string | undefined, { text }: RawAnswer): boolean {
  if (body === undefined || body.includes(recorded.origin)) return true;
  const claims = claimsOf(text);
  if (claims !== undefined)
    return ![-1, 1, 2].includes(Number(claims['UserID'])) && String(claims['UserID']).length !== 1;
  return text.trimEnd().length !== body.length;
}

function compareClaims(expected: Readonly<Record<string, unknown>>, text: string): void {
  const claims = claimsOf(text) ?? {};
  assert.deepEqual(Object.keys(claims), Object.keys(expected));
  assert.equal(claims['UserID'], ids.get(Number(expected['UserID'])));
  assert.equal(claims['Scope'], expected['Scope']);
  assert.equal(claims['ActionsUserTaskID'], expected['ActionsUserTaskID']);
  assert.equal(Number(claims['exp']) - Number(claims['nbf']), Number(expected['exp']) - Number(expected['nbf']));
}

function claimsOf(text: string): Record<string, unknown> | undefined {
  const payload = /"token":"[^."]+\.([^."]+)\./.exec(text)?.[1];
  return payload === undefined
    ? undefined
    : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>);
}

function toOurs(text: string): string {
  return translate(text, ours);
}

function toRecorded(text: string): string {
  const back = new Map([...ours].map(([was, is]) => [is, was]));
  return translate(text, back).replace(/"token":"[\w-]+\.[\w-]+\.[\w-]+"/, '"token":"<jwt>"');
}

/** In one pass, the longest texts first: replacements are not replaced again. */
function translate(text: string, replacements: ReadonlyMap<string, string>): string {
  const longestFirst = [...replacements.keys()].sort((left, right) => right.length - left.length);
  const pattern = longestFirst.map((word) => word.replaceAll(/[/.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text.replaceAll(new RegExp(pattern, 'g'), (found) => replacements.get(found) ?? found);
}

function manifestWith(layerDigest: string, layerSize: number): Content {
  return content(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: 163 },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layerDigest, size: layerSize }],
    }),
  );
}

/** Another spelling of the same name. */
function mixedCase(name: string): string {
  const [first = ''] = name;
  return (first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase()) + name.slice(1);
}

async function idOf({ name, password }: Account): Promise<number> {
  const answer = await target.rest('GET', '/user', undefined, basic(name, password));
  return (JSON.parse(answer.text) as { id: number }).id;
}
