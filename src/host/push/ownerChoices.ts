import * as l10n from '@vscode/l10n';
import type { Connection } from '../connections/connection.ts';
import type { Choice } from '../input/choiceRows.ts';
import type { Owners } from '../registry/registryBrowser.ts';
import { audienceNote } from '../targets/audienceText.ts';

export interface OwnerFacts {
  readonly connection: Pick<Connection, 'username'>;
  readonly owners: Owners;
  /** The answer that is changed. */
  readonly former: string | undefined;
  /** Owners of earlier pushes, the last one first. */
  readonly pushedTo: readonly string[];
  /** Owners of the repositories that the open folders belong to. */
  readonly ofFolders: readonly string[];
}

/**
 * The owners that the person may push to, those of the last pushes first; below them those that they may not push to, or of
 * which this cannot be known: they are not hidden, because somebody may look for them.
 */
export function ownerChoices(facts: OwnerFacts): readonly Choice<string>[] {
  const { owners, former, pushedTo, ofFolders } = facts;
  const { names, readOnly, complete, isAdmin } = owners;
  const isListed = (name: string): boolean => names.includes(name) || readOnly.includes(name);
  // Where all of the person's teams are known, a repository in the open folder gives no right to its owner's packages.
  const unlisted = [...pushedTo, ...(complete && !isAdmin ? [] : ofFolders)].filter((name) => !isListed(name));
  const allowed = isAdmin ? [...names, ...readOnly, ...unlisted] : names;
  const uncertain = isAdmin ? [] : unlisted;
  const rank = (name: string): number => {
    const at = pushedTo.indexOf(name);
    return name === former?.toLowerCase() ? -1 : at < 0 ? pushedTo.length : at;
  };
  const byUse = (all: readonly string[]): readonly string[] =>
    [...new Set(all)].sort((one, other) => rank(one) - rank(other));
  return [
    ...byUse(allowed).map((name) => ownerChoice(facts, name, 'yes')),
    ...byUse(uncertain).map((name) => ownerChoice(facts, name, 'unknown')),
    ...(isAdmin ? [] : byUse(readOnly)).map((name) => ownerChoice(facts, name, 'no')),
  ];
}

function ownerChoice(facts: OwnerFacts, name: string, mayPush: 'yes' | 'unknown' | 'no'): Choice<string> {
  const { connection, owners, pushedTo, ofFolders } = facts;
  const notes = [
    name === connection.username.toLowerCase()
      ? l10n.t({ message: 'you', comment: 'Beside the person’s own user name in a list of owners' })
      : undefined,
    { yes: undefined, unknown: l10n.t('you may not be allowed to push here'), no: l10n.t('you may only pull here') }[
      mayPush
    ],
    audienceNote(owners.audiences.get(name)),
    pushedTo.includes(name) ? l10n.t('pushed to before') : undefined,
    ofFolders.includes(name) ? l10n.t('owner of the open folder’s repository') : undefined,
  ].filter((note) => note !== undefined);
  const icon = { yes: undefined, unknown: 'question', no: 'lock' }[mayPush];
  return {
    label: name,
    ...(notes.length > 0 && { description: notes.join(' · ') }),
    ...(icon !== undefined && { icon }),
    value: name,
  };
}
