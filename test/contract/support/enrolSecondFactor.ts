import assert from 'node:assert/strict';
import { totp } from '../../fakeGitea/model/totp.ts';
import type { RawAnswer, RawHttp } from './rawHttp.ts';
import type { Account } from './target.ts';

const stepMs = 30_000;

/**
 * Gives an account of a real Gitea a second factor, as a person does: by the web pages, since no API does it. Returns its
 * secret. Enrols with the code of the half minute before, which is accepted as well: each code is good for one use.
 */
export async function enrolSecondFactor(http: RawHttp, subPath: string, account: Account): Promise<string> {
  const web = new WebSession(http, subPath);
  const { name: user_name, password } = account;
  const signedIn = await web.post('/user/login', { user_name, password });
  assert.equal(signedIn.status, 303, 'the web sign-in leads on');
  const path = '/user/settings/security/two_factor/enroll';
  const secret = /\b[A-Z2-7]{32,}\b/.exec((await web.get(path)).text)?.[0];
  assert.ok(secret !== undefined, 'the page shows the secret');
  const enrolled = await web.post(path, { passcode: totp(secret, Date.now() - stepMs) });
  assert.match(String(enrolled.headers.location), /\/user\/settings\/security$/, 'the code is accepted');
  return secret;
}

/** A browser's cookies, and the token against forged requests of Gitea before 1.26. */
class WebSession {
  readonly #http: RawHttp;
  readonly #subPath: string;
  readonly #cookies = new Map<string, string>();

  constructor(http: RawHttp, subPath: string) {
    this.#http = http;
    this.#subPath = subPath;
  }

  async get(path: string): Promise<RawAnswer> {
    return this.#request('GET', path);
  }

  async post(path: string, fields: Readonly<Record<string, string>>): Promise<RawAnswer> {
    const page = await this.get(path);
    const csrf = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1];
    const form = new URLSearchParams({ ...fields, ...(csrf !== undefined && { _csrf: csrf }) });
    return this.#request('POST', path, form.toString());
  }

  async #request(method: string, path: string, body?: string): Promise<RawAnswer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.#http.request(method, `${this.#subPath}${path}`, {
      headers: { Cookie: cookie, ...(body !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }) },
      ...(body !== undefined && { body }),
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined) this.#cookies.set(name, value);
    }
    return answer;
  }
}
