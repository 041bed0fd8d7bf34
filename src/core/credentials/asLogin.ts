import type { LoginSecret } from './login.ts';

const accessToken = /^[0-9a-f]{40}$/;

/**
 * A user and a secret as a source has them. Gitea takes a token in place of the user too, with the password `x-oauth-basic`
 * or none (services/auth/basic.go). It is moved to where a secret belongs: a user is shown, logged and stored openly.
 */
export function asLogin(username: string, secret: string): LoginSecret {
  const isUserToken = secret === 'x-oauth-basic' || (secret === '' && accessToken.test(username));
  return isUserToken ? { username: undefined, secret: username, isToken: true } : { username, secret };
}
