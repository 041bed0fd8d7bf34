import * as l10n from '@vscode/l10n';
import { joinList } from '../base/joinList.ts';
import { joinSentences } from '../base/joinSentences.ts';

/**
 * What a Gitea token should be allowed to do for us (Gitea ≥ 1.20, models/auth/access_token_scope.go), and what does not
 * work without it. A token without write:package is refused at the sign-in. Undefined: everything works without the scope.
 */
const uses = {
  'write:package': l10n.t({
    message: 'nothing can be pushed',
    comment: 'What does not work without a scope. After a colon, in “The token lacks the scope {scope}: …”',
  }),
  'read:user': l10n.t({
    message: 'your own name and your teams cannot be read, so that you have to type the owner of an image',
    comment: 'What does not work without a scope. After a colon, in “The token lacks the scope {scope}: …”',
  }),
  // Asked for (issue 15), but `/user/teams`, which lists the organizations, needs read:user alone (Gitea 1.26.1).
  'read:organization': undefined,
  'read:repository': l10n.t({
    message: 'the repositories to which you can link an image cannot be listed, so that you have to type their names',
    comment: 'What does not work without a scope. After a colon, in “The token lacks the scope {scope}: …”',
  }),
} as const;

/** For a person who makes a token, and for the token that we make. */
export const neededScopes = Object.keys(uses) as readonly (keyof typeof uses)[];

/** `write:package, read:user, read:organization and read:repository` */
export const neededScopesText = joinList(neededScopes);

/** What is known of the scopes of a token. */
export interface TokenScopes {
  /** As the server writes them; undefined or empty if it does not say them (Gitea before 1.22.2, Forgejo). */
  readonly scope: string | undefined;
  /** Scopes that the REST API has asked for in vain. Forgejo too names these. */
  readonly lacks?: readonly string[] | undefined;
}

/** Says what a person cannot do with a token because of its scopes. Undefined if nothing is known to be missing. */
export function describeTokenLimits(scopes: TokenScopes): string | undefined {
  const limits = [describeMissingScopes(scopes), describePublicOnly(scopes)].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : joinSentences(...limits);
}

/** The scopes without which something does not work, and what. */
function describeMissingScopes({ scope, lacks = [] }: TokenScopes): string | undefined {
  const granted = scopeList(scope);
  const isMissing = (needed: string): boolean =>
    granted.length === 0 ? lacks.includes(needed) : !grants(granted, needed);
  const missing = neededScopes.filter((needed) => uses[needed] !== undefined && isMissing(needed));
  if (missing.length === 0) return undefined;
  const consequences = missing.map((each) => uses[each]).join('; ');
  const scopes = joinList(missing);
  return missing.length === 1
    ? l10n.t({
        message: 'The token lacks the scope {scope}: {consequence}.',
        args: { scope: scopes, consequence: consequences },
        comment: '{consequence}: what does not work then, such as “nothing can be pushed”',
      })
    : l10n.t({
        message: 'The token lacks the scopes {scopes}: {consequences}.',
        args: { scopes, consequences },
        comment: '{consequences}: what does not work then, such as “nothing can be pushed”, with “; ” between them',
      });
}

/** Gitea then refuses private owners with 403 “reqToken” (routers/api/packages/api.go, reqPackageAccess). */
function describePublicOnly({ scope }: TokenScopes): string | undefined {
  if (!scopeList(scope).includes('public-only')) return undefined;
  return l10n.t(
    'The token may see only what is public (its scope has public-only): you cannot push to private users and organizations with it.',
  );
}

function scopeList(scope = ''): readonly string[] {
  return scope
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A scope to write includes the one to read. */
function grants(granted: readonly string[], needed: string): boolean {
  return granted.some((each) => each === 'all' || each === needed || each === needed.replace('read:', 'write:'));
}
