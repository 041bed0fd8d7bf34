import type { Doer } from './model/access.ts';
import type { User } from './model/directory.ts';
import { totp } from './model/totp.ts';
import type { Gitea } from './gitea.ts';
import { header, type Exchange } from './http/exchange.ts';

/** `refused`: the credentials are wrong. */
export type Authentication = Doer | { readonly kind: 'refused'; readonly lacksCode: boolean };

const refused: Authentication = { kind: 'refused', lacksCode: false };

/** The user of a registry request: Basic, or Bearer with a token of `/v2/token` (not a personal token). */
export function authenticateRegistry(gitea: Gitea, exchange: Exchange): Authentication {
  const [scheme, value] = authorization(exchange);
  if (scheme === 'bearer') return authenticateBearer(gitea, value);
  if (scheme !== 'basic') return { kind: 'nobody' };
  if (exchange.path === '/v2' && !gitea.quirks.basicOnPing) return { kind: 'nobody' };
  return authenticateBasic(gitea, value, neededCode(gitea, exchange, false));
}

/** The user of a REST request: Basic, or a personal token as `token …` or `Bearer …`. */
export function authenticateRest(gitea: Gitea, exchange: Exchange): Authentication {
  const [scheme, value] = authorization(exchange);
  if (scheme === 'basic')
    return authenticateBasic(gitea, value, neededCode(gitea, exchange, exchange.method !== 'GET'));
  if (scheme === 'token' || scheme === 'bearer') return authenticateToken(gitea, value) ?? refused;
  return { kind: 'nobody' };
}

/** Basic, with a password or a token. */
export function usesBasic(exchange: Exchange): boolean {
  return authorization(exchange)[0] === 'basic';
}

function authorization(exchange: Exchange): [scheme: string, value: string] {
  const [, scheme = '', value = ''] = /^(\S+)\s+(.*)$/s.exec(header(exchange, 'authorization')) ?? [];
  return [scheme.toLowerCase(), value.trim()];
}

function oneTimePassword(exchange: Exchange): string {
  return header(exchange, 'x-gitea-otp') || header(exchange, 'x-forgejo-otp');
}

function authenticateBearer(gitea: Gitea, token: string): Authentication {
  const claims = gitea.tokens.verify(token);
  if (claims === undefined) return refused;
  if (claims.UserID === -1) return { kind: 'ghost' };
  const user = gitea.directory.userById(claims.UserID);
  return user === undefined ? refused : { kind: 'user', user, scope: claims.Scope === '' ? undefined : claims.Scope };
}

/** The code of a second factor; undefined where none is needed: up to 1.19 only what changes something needs one. */
function neededCode({ quirks }: Gitea, exchange: Exchange, changes: boolean): string | undefined {
  return quirks.secondFactorAtRegistry || changes ? oneTimePassword(exchange) : undefined;
}

/** In Gitea's order: a token as the password or as the username, then the password (services/auth/basic.go). */
function authenticateBasic(gitea: Gitea, value: string, otp: string | undefined): Authentication {
  const { username, password } = splitBasic(value);
  const tokenIsName = password === '' || password === 'x-oauth-basic';
  const byToken = authenticateToken(gitea, tokenIsName ? username : password);
  if (byToken !== undefined) return byToken;

  const user = gitea.directory.owner(username) ?? gitea.directory.userByEmail(username);
  if (gitea.options.passwordSignIn === false || user?.kind !== 'user') return refused;
  if (user.password !== password || user.prohibitLogin) return refused;
  if (otp !== undefined && !secondFactor(gitea, user, otp)) return { kind: 'refused', lacksCode: true };
  return { kind: 'user', user, scope: gitea.quirks.scopesEnforced ? 'all' : undefined };
}

function authenticateToken(gitea: Gitea, value: string): Authentication | undefined {
  const token = gitea.directory.token(value);
  const user = token === undefined ? undefined : gitea.directory.userById(token.userId);
  return token === undefined || user === undefined
    ? undefined
    : { kind: 'user', user, scope: token.scope, byToken: true };
}

function secondFactor(gitea: Gitea, user: User, otp: string): boolean {
  if (user.totpSecret === undefined) return true;
  const use = `${user.id} ${otp}`;
  if (otp !== totp(user.totpSecret, gitea.clock())) return false;
  if (gitea.quirks.oneTimePasswordsOnce && gitea.usedPasswords.has(use)) return false;
  gitea.usedPasswords.add(use);
  return true;
}

function splitBasic(value: string): { username: string; password: string } {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0
    ? { username: text, password: '' }
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
