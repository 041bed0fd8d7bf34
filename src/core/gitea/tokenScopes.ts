import * as l10n from '@vscode/l10n';
import { joinList } from '../base/joinList.ts';

/**
 * What a Gitea token should be allowed to do for us (Gitea ≥ 1.20, models/auth/access_token_scope.go), and what does not
 * work without it. A token without write:package is refused at the sign-in.
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
  'read:organization': l10n.t({
    message: 'the organizations in which you may push cannot be listed',
    comment: 'What does not work without a scope. After a colon, in “The token lacks the scope {scope}: …”',
  }),
  'read:repository': l10n.t({
    message: 'the repositories to which you can link an image cannot be listed, so that you have to type their names',
    comment: 'What does not work without a scope. After a colon, in “The token lacks the scope {scope}: …”',
  }),
} as const;

/** For a person who makes a token, and for the token that we make. */
export const neededScopes = Object.keys(uses) as readonly (keyof typeof uses)[];

/** `write:package, read:user, read:organization and read:repository` */
export const neededScopesText = joinList(neededScopes);

/**
 * Says which scopes a token lacks, and what does not work without them. Undefined if it lacks none, or if the server does
 * not say its scopes (Gitea before 1.22.2, Forgejo). `scope`: as the server writes it.
 */
export function describeMissingScopes(scope: string | undefined): string | undefined {
  if (scope === undefined || scope === '') return undefined;
  const granted = scope.split(',').map((part) => part.trim());
  const missing = neededScopes.filter((needed) => !grants(granted, needed));
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

/** A scope to write includes the one to read. */
function grants(granted: readonly string[], needed: string): boolean {
  return granted.some((each) => each === 'all' || each === needed || each === needed.replace('read:', 'write:'));
}
