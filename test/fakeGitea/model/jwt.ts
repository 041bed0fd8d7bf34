import { createHmac, timingSafeEqual } from 'node:crypto';

/** The claims of a registry token (Gitea: services/packages/auth.go). `UserID` −1 is the anonymous ghost. Times in seconds. */
export interface Claims {
  readonly exp: number;
  readonly nbf: number;
  readonly UserID: number;
  readonly Scope: string;
  readonly ActionsUserTaskID: number;
}

const header = encode({ alg: 'HS256', typ: 'JWT' });

export function signToken(claims: Claims, secret: Buffer): string {
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${signature(signed, secret).toString('base64url')}`;
}

/** The claims of a token that we signed and that is valid now; undefined for any other text. */
export function verifyToken(token: string, secret: Buffer, nowSeconds: number): Claims | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || parts[0] !== header) return undefined;
  const given = Buffer.from(parts[2] ?? '', 'base64url');
  const expected = signature(`${header}.${parts[1] ?? ''}`, secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as Claims;
  return claims.nbf <= nowSeconds && nowSeconds < claims.exp ? claims : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(text: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}
