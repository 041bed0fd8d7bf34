/**
 * The claims of a JWT, unverified: whoever holds a token may read what it says, only its issuer can check it.
 * Undefined if it is no JWT; registries may use opaque tokens.
 */
export function readJwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Seconds that the token lives, by the server's own clock (`exp` less `nbf` or `iat`): a wrong clock on this machine
 * must not make every token look expired. Undefined if the claims do not tell.
 */
export function lifetimeOf(claims: Readonly<Record<string, unknown>>): number | undefined {
  const end = claims['exp'];
  const start = claims['nbf'] ?? claims['iat'];
  return typeof end === 'number' && typeof start === 'number' && end > start ? end - start : undefined;
}
