import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';

/** Seconds since the epoch (RFC 7519 §4.1). */
export const lifetimeClaims = v.object({
  exp: lenient(v.number()),
  nbf: lenient(v.number()),
  iat: lenient(v.number()),
});

/** The claims of a JWT, not verified: only its issuer can do that. Undefined if it is no JWT, as registries may use opaque tokens. */
export function readJwtClaims<T>(claims: v.GenericSchema<unknown, T>, token: string): T | undefined {
  const payload = token.split('.')[1];
  return payload === undefined ? undefined : parseJson(claims, Buffer.from(payload, 'base64url'));
}

/**
 * Seconds that the token lives, by the server's own clock (`exp` less `nbf` or `iat`): a wrong clock on this machine
 * must not make every token look expired. Undefined if the claims do not say.
 */
export function lifetimeOf({ exp, nbf, iat }: v.InferOutput<typeof lifetimeClaims>): number | undefined {
  const start = nbf ?? iat;
  return exp !== undefined && start !== undefined && exp > start ? exp - start : undefined;
}
