import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { compareVersions } from '../../fakeGitea/quirks.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import { defaultSeed } from '../../fakeGitea/model/seed.ts';
import { totp } from '../../fakeGitea/model/totp.ts';
import { since, type Feature, type Since } from './since.ts';
import { enrolSecondFactor } from './enrolSecondFactor.ts';
import { basic, bearer, RawHttp, type RawAnswer, type RawRequest } from './rawHttp.ts';

export type Visibility = 'public' | 'limited' | 'private';

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** What the server under test allows. Only these values decide whether a case is skipped. */
export interface Capabilities {
  readonly version: string;
  readonly forgejo: boolean;
  /** Our account is a site admin: it can create users. */
  readonly admin: boolean;
  /** Nobody else uses the server: it lists only what the tests have created. */
  readonly exclusive: boolean;
  /** A proxy answers instead of Gitea: so the behaviour of the connection is not Gitea's. */
  readonly proxied: boolean;
}

/** What Gitea 1.19 calls the scopes of today. */
const namesOf119: Readonly<Record<string, string>> = {
  'write:package': 'package',
  'read:organization': 'read:org',
  'read:repository': 'repo',
};

/**
 * The server under test with one account of ours: the fake Gitea, or the Gitea at GITEA_URL with GITEA_USERNAME and
 * GITEA_PASSWORD. With FAKE_GITEA_NEW_JSON=true the fake Gitea writes JSON as a Gitea does that was built with Go's new
 * JSON; with FAKE_GITEA_VERSION it behaves as that version, as Forgejo if the version is one of Forgejo
 * (`15.0.3+gitea-1.22.0`). Removes at the end all that it has created.
 */
export class Target {
  readonly http: RawHttp;
  /** Path of the web root: empty or `/gitea`. */
  readonly subPath: string;
  readonly account: Account;
  readonly capabilities: Capabilities;
  readonly #fakeGitea: FakeGitea | undefined;
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #run = randomBytes(4).toString('hex');
  #count = 0;

  private constructor(
    http: RawHttp,
    subPath: string,
    account: Account,
    capabilities: Capabilities,
    fakeGitea: FakeGitea | undefined,
  ) {
    this.http = http;
    this.subPath = subPath;
    this.account = account;
    this.capabilities = capabilities;
    this.#fakeGitea = fakeGitea;
  }

  static async open(): Promise<Target> {
    return Target.#at(await findServer());
  }

  /**
   * A server that is set up in another way; the reason if there is none. Real ones are at GITEA_URL_LEGACY,
   * GITEA_URL_PACKAGES_OFF, GITEA_URL_LIMITED and GITEA_URL_SIGN_IN, with the same user and password.
   */
  static async openInstalled(installation: Installation): Promise<Target | string> {
    const { variable, options, needs } = installations[installation];
    const url = process.env[variable];
    const found = await findServer(options, url);
    if (found.fakeGitea !== undefined || url !== undefined) return Target.#at(found);
    return `needs a server with ${needs} at ${variable}`;
  }

  static async #at({ url, account, fakeGitea }: Server): Promise<Target> {
    const { origin, pathname } = new URL(url);
    const http = new RawHttp(origin, { resends: true });
    const subPath = pathname.replace(/\/$/, '');
    const capabilities = await probe(http, subPath, account, fakeGitea !== undefined);
    return new Target(http, subPath, account, capabilities, fakeGitea);
  }

  /** The account's name in paths and Locations. */
  get owner(): string {
    return this.account.name.toLowerCase();
  }

  /** Whether the server is new enough, by its own `/api/v1/version`. */
  has(feature: Feature): boolean {
    const { version, forgejo } = this.capabilities;
    const first: Since = since[feature];
    const least = forgejo ? first.forgejo : first.gitea;
    return least !== undefined && compareVersions(version, least) >= 0;
  }

  /** A Gitea of these versions; `before` is not one of them. */
  isGitea(from: string, before: string): boolean {
    const { version, forgejo } = this.capabilities;
    return !forgejo && compareVersions(version, from) >= 0 && compareVersions(version, before) < 0;
  }

  /** A new name. The packages of that name are deleted at the end. */
  image(name = 'image', account: Account = this.account): string {
    const unique = this.#unique(name);
    this.#undo.push(() => this.#removeImage(account.name, unique));
    return unique;
  }

  /** The REST API, by default with our password. */
  async rest(
    method: string,
    path: string,
    body?: unknown,
    headers = basic(this.account.name, this.account.password),
  ): Promise<RawAnswer> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.http.request(method, `${this.subPath}/api/v1${path}`, {
      headers: { ...headers, 'Content-Type': 'application/json' },
      ...content,
    });
  }

  /** A new personal token with these scopes; Gitea before 1.20 has none, or other names for them. */
  async personalToken(scopes: readonly string[], account: Account = this.account): Promise<string> {
    const name = this.#unique('contract');
    const as = basic(account.name, account.password);
    const is119 = this.isGitea('1.19.0', '1.20.0');
    const body = { name, scopes: is119 ? scopes.map((scope) => namesOf119[scope] ?? scope) : scopes };
    const answer = await this.rest('POST', `/users/${account.name}/tokens`, body, as);
    assert.equal(answer.status, 201, answer.text);
    this.#undo.push(() => this.rest('DELETE', `/users/${account.name}/tokens/${name}`, undefined, as));
    return (JSON.parse(answer.text) as { sha1: string }).sha1;
  }

  /** The headers with a registry token for these credentials. */
  async authorize(username = this.account.name, secret = this.account.password): Promise<Record<string, string>> {
    const answer = await this.http.request('GET', '/v2/token', { headers: basic(username, secret) });
    assert.equal(answer.status, 200, `no token: ${answer.text}`);
    return bearer((JSON.parse(answer.text) as { token: string }).token);
  }

  /** A request to the registry, by default as our account. */
  async registry(method: string, path: string, request: RawRequest = {}): Promise<RawAnswer> {
    const auth = request.headers?.['Authorization'] === undefined ? await this.authorize() : {};
    return this.exchange(method, path, { ...request, headers: { ...auth, ...request.headers } });
  }

  /** A request exactly as given; an upload that it opens is closed at the end. */
  async exchange(method: string, path: string, request: RawRequest = {}): Promise<RawAnswer> {
    const answer = await this.http.request(method, path, request);
    const session = method === 'POST' && answer.status === 202 ? answer.headers.location : undefined;
    if (session !== undefined) {
      this.#undo.push(async () => this.http.request('DELETE', session, { headers: await this.authorize() }));
    }
    return answer;
  }

  /** A second, ordinary user; needs `capabilities.admin`. */
  async user(options: { visibility?: Visibility; mustChangePassword?: boolean } = {}): Promise<Account> {
    const account = { name: this.#unique('user'), password: randomBytes(12).toString('hex') };
    const answer = await this.rest('POST', '/admin/users', {
      username: account.name,
      password: account.password,
      email: `${account.name}@example.org`,
      must_change_password: options.mustChangePassword ?? false,
      visibility: options.visibility ?? 'public',
    });
    assert.equal(answer.status, 201, answer.text);
    this.#undo.push(() => this.rest('DELETE', `/admin/users/${account.name}?purge=true`));
    return account;
  }

  /** Somebody without admin rights: a new user, or our own account where we cannot create one. */
  async ordinaryUser(): Promise<Account> {
    return this.capabilities.admin ? this.user() : this.account;
  }

  /** Gives a user of ours a second factor. Returns what shows the code of the moment. */
  async secondFactor(user: Account): Promise<() => string> {
    const fake = this.#fakeGitea?.directory.user(user.name);
    if (fake !== undefined) fake.totpSecret = 'JBSWY3DPEHPK3PXP';
    const secret = fake?.totpSecret ?? (await enrolSecondFactor(this.http, this.subPath, user));
    return () => totp(secret, Date.now());
  }

  /** A user who sees only public owners and those of their own teams. */
  async restrict(user: Account): Promise<void> {
    const edit = { source_id: 0, login_name: user.name, restricted: true };
    assert.equal((await this.rest('PATCH', `/admin/users/${user.name}`, edit)).status, 200);
  }

  /** Belongs to `account`. */
  async organization(visibility: Visibility = 'public', account: Account = this.account): Promise<string> {
    const name = this.#unique('org');
    const as = basic(account.name, account.password);
    const answer = await this.rest('POST', '/orgs', { username: name, visibility }, as);
    assert.equal(answer.status, 201, answer.text);
    this.#undo.push(() => this.rest('DELETE', `/orgs/${name}`, undefined, as));
    return name;
  }

  /** Gives an organization of `account` another name. */
  async rename(organization: string, account: Account = this.account): Promise<string> {
    const name = this.#unique('renamed');
    const as = basic(account.name, account.password);
    const answer = await this.rest('POST', `/orgs/${organization}/rename`, { new_name: name }, as);
    assert.equal(answer.status, 204, answer.text);
    this.#undo.push(() => this.rest('DELETE', `/orgs/${name}`, undefined, as));
    return name;
  }

  async team(organization: string, member: Account, rights: Record<string, unknown>): Promise<void> {
    const made = await this.rest('POST', `/orgs/${organization}/teams`, {
      name: this.#unique('team'),
      units: ['repo.code', 'repo.packages'],
      ...rights,
    });
    assert.equal(made.status, 201, made.text);
    const { id } = JSON.parse(made.text) as { id: number };
    assert.equal((await this.rest('PUT', `/teams/${String(id)}/members/${member.name}`)).status, 204);
  }

  /** In an organization of ours. */
  async organizationRepository(organization: string, account: Account = this.account): Promise<string> {
    const name = this.#unique('Repo');
    const as = basic(account.name, account.password);
    assert.equal((await this.rest('POST', `/orgs/${organization}/repos`, { name }, as)).status, 201);
    this.#undo.push(() => this.rest('DELETE', `/repos/${organization}/${name}`, undefined, as));
    return name;
  }

  async repository(account: Account = this.account, options: { private?: boolean } = {}): Promise<string> {
    const name = this.#unique('repo');
    const as = basic(account.name, account.password);
    const answer = await this.rest('POST', '/user/repos', { name, ...options }, as);
    assert.equal(answer.status, 201, answer.text);
    this.#undo.push(() => this.rest('DELETE', `/repos/${account.name}/${name}`, undefined, as));
    return name;
  }

  /** Removes everything in reverse order, and goes on after a failure. */
  async close(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo().catch(() => undefined);
    this.http.close();
    await this.#fakeGitea?.close();
  }

  #unique(name: string): string {
    return `${name}-${this.#run}-${String(++this.#count)}`;
  }

  async #removeImage(owner: string, image: string): Promise<void> {
    const listed = await this.rest('GET', `/packages/${owner}?type=container&limit=50&q=${encodeURIComponent(image)}`);
    for (const { name, version } of JSON.parse(listed.text) as { name: string; version: string }[]) {
      const path = `/packages/${owner}/container/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
      if (name.startsWith(image)) await this.rest('DELETE', path);
    }
    // Blobs without a manifest are no version: only this call or the nightly cleanup removes them.
    if (this.has('deletePackageApi'))
      await this.rest('DELETE', `/packages/${owner}/container/${encodeURIComponent(image)}`);
  }
}

interface Server {
  readonly url: string;
  readonly account: Account;
  /** Undefined for a real server. */
  readonly fakeGitea: FakeGitea | undefined;
}

const installations = {
  legacyUrl: {
    variable: 'GITEA_URL_LEGACY',
    needs: 'PUBLIC_URL_DETECTION=legacy and a ROOT_URL that is not where it listens',
    options: { publicUrlDetection: 'legacy', rootUrl: 'http://root.example:9/' },
  },
  packagesOff: { variable: 'GITEA_URL_PACKAGES_OFF', needs: '[packages] ENABLED=false', options: { packages: false } },
  signInRequired: {
    variable: 'GITEA_URL_SIGN_IN',
    needs: 'REQUIRE_SIGNIN_VIEW=true',
    options: { requireSignIn: true },
  },
  limited: {
    variable: 'GITEA_URL_LIMITED',
    needs: 'LIMIT_SIZE_CONTAINER=2500 and LIMIT_TOTAL_OWNER_SIZE=3000',
    options: { limits: { blobSize: 2500, totalSize: 3000 } },
  },
} as const satisfies Record<string, { variable: string; needs: string; options: FakeGiteaOptions }>;

export type Installation = keyof typeof installations;

async function findServer(options: FakeGiteaOptions = {}, url = process.env['GITEA_URL']): Promise<Server> {
  const { GITEA_USERNAME: name, GITEA_PASSWORD: password } = process.env;
  if (url !== undefined && name !== undefined && password !== undefined) {
    return { url, account: { name, password }, fakeGitea: undefined };
  }
  const { FAKE_GITEA_NEW_JSON: newJson, FAKE_GITEA_VERSION: version } = process.env;
  const fakeGitea = await startFakeGitea({
    newJson: newJson === 'true',
    ...(version !== undefined && { version, flavour: isForgejo(version) ? 'forgejo' : 'gitea' }),
    ...options,
  });
  const [admin] = defaultSeed.users;
  assert(admin !== undefined);
  return { url: fakeGitea.url, account: admin, fakeGitea };
}

async function probe(http: RawHttp, subPath: string, account: Account, exclusive: boolean): Promise<Capabilities> {
  const as = { headers: basic(account.name, account.password) };
  const api = `${subPath}/api/v1`;
  const version = await http.request('GET', `${api}/version`, as);
  const user = await http.request('GET', `${api}/user`, as);
  assert.equal(user.status, 200, `these credentials do not open the REST API of ${http.origin}: ${user.text}`);
  const name = (JSON.parse(version.text) as { version: string }).version;
  return {
    version: name,
    forgejo: isForgejo(name),
    admin: (JSON.parse(user.text) as { is_admin: boolean }).is_admin,
    exclusive,
    proxied: user.headers['server'] !== undefined || user.headers.via !== undefined,
  };
}

/** Forgejo's version names the Gitea that it is compatible with: `15.0.3+gitea-1.22.0`. */
function isForgejo(version: string): boolean {
  return version.includes('+gitea-');
}
