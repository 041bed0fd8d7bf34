/** Gitea's and Forgejo's access tokens (models/auth/access_token.go: 20 bytes in hexadecimal). */
const token = /^[0-9a-f]{40}$/;

export function isAccessToken(secret: string): boolean {
  return token.test(secret);
}

/**
 * Removes what was copied along with a secret: white space around a token, line feeds around a password. A password may
 * begin or end with spaces.
 */
export function pastedSecret(text: string): string {
  const bare = text.trim();
  return token.test(bare) ? bare : text.replace(/^[\r\n]+|[\r\n]+$/g, '');
}
