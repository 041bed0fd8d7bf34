import assert from 'node:assert/strict';
import type { Target } from './target.ts';

/** These credentials get no token; from Gitea 1.17 they get the token of nobody (#20563). */
export async function assertNobody(target: Target, headers: Record<string, string>): Promise<void> {
  const answer = await target.exchange('GET', '/v2/token', { headers });
  if (target.has('refusal')) {
    assert.equal(answer.status, 401);
    return;
  }
  assert.equal(answer.status, 200);
  const [, claims = ''] = (JSON.parse(answer.text) as { token: string }).token.split('.');
  assert.equal((JSON.parse(Buffer.from(claims, 'base64url').toString()) as { UserID: number }).UserID, -1);
}
