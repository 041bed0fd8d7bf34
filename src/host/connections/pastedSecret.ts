/** Gitea's and Forgejo's access tokens (models/auth/access_token.go: 20 bytes in hexadecimal). */
const token = /^[0-9a-f]{40}$/;

/**
 * A secret as it was meant. A token has no spaces around it, whatever was copied along with it; a password may, but no
 * line feed: nobody can type one.
 */
export function pastedSecret(text: string): string {
  const bare = text.trim();
  return token.test(bare) ? bare : text.replace(/^[\r\n]+|[\r\n]+$/g, '');
}
