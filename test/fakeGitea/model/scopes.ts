/** Access token scopes (Gitea ≥ 1.20): `all`, or a list of `read:x`, `write:x` and `public-only`, joined by commas. */
const categories = [
  'activitypub',
  'admin',
  'issue',
  'misc',
  'notification',
  'organization',
  'package',
  'repository',
  'user',
] as const;

export function isScope(text: string): boolean {
  if (text === 'all' || text === 'public-only') return true;
  const [level, category] = text.split(':');
  return (level === 'read' || level === 'write') && categories.some((known) => known === category);
}

/** Names of Gitea 1.19 that a push client could ask for, by what they are called today; empty for one that it does not have. */
export function fromNameOf119(name: string): string {
  const names: Readonly<Record<string, string>> = {
    all: 'all',
    package: 'write:package',
    'write:package': 'write:package',
    'read:package': 'read:package',
    'read:user': 'read:user',
    user: 'write:user',
    repo: 'write:repository',
    'read:org': 'read:organization',
  };
  return names[name] ?? '';
}

/** Puts a list into the order and form in which the server stores it; a write scope replaces its read scope. */
export function normalizeScopes(scopes: readonly string[]): string {
  if (scopes.includes('all')) return scopes.includes('public-only') ? 'public-only,all' : 'all';
  const wanted = new Set(scopes);
  const inOrder = ['public-only', ...categories.flatMap((category) => [`read:${category}`, `write:${category}`])];
  return inOrder
    .filter((scope) => wanted.has(scope))
    .filter((scope) => !(scope.startsWith('read:') && wanted.has(scope.replace('read:', 'write:'))))
    .join(',');
}

/** True if `scope` grants `wanted` (such as `read:package`); write implies read. */
export function scopeGrants(scope: string, wanted: string): boolean {
  const granted = scope.split(',');
  return granted.includes('all') || granted.includes(wanted) || granted.includes(wanted.replace('read:', 'write:'));
}

export function isPublicOnly(scope: string): boolean {
  return scope.split(',').includes('public-only');
}
