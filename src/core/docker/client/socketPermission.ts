import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../base/joinSentences.ts';
import { TeaChestError } from '../../base/errors.ts';

/**
 * Adds to `enginePermission` what can be found out about the group that may open the socket: its name (facts: group), and
 * whether the user was added to it after this process was started (facts: isMember).
 */
export async function withOwningGroup(error: TeaChestError): Promise<TeaChestError> {
  const path = error.facts['path'];
  if (error.code !== 'enginePermission' || typeof path !== 'string') return error;
  const group = await owningGroup(path).catch(() => undefined);
  if (group === undefined) return error;
  const isMember = group.members.includes(userName()) && process.getgroups?.().includes(group.id) === false;
  const who = isMember
    ? l10n.t({
        message:
          'You are a member of the group “{0}”, which may, but VS Code was started before you joined it and still has your old groups.',
        args: [group.name],
        comment: 'Follows “You are not allowed to open the container engine’s socket …”: this group may open it.',
      })
    : l10n.t({
        message: 'The members of the group “{0}” are.',
        args: [group.name],
        comment: 'Follows “You are not allowed to open the container engine’s socket …”: these members are allowed to.',
      });
  const facts = { ...error.facts, group: group.name, isMember };
  return new TeaChestError(error.code, joinSentences(error.message, who), { cause: error.cause, facts });
}

interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

/** group(5): `name:password:ID:member,member`. */
async function owningGroup(path: string): Promise<Group | undefined> {
  const { gid } = await stat(path);
  const groups = await readFile('/etc/group', 'utf8');
  const fields = groups
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === String(gid));
  const [name, , , members = ''] = fields ?? [];
  return name === undefined ? undefined : { name, id: gid, members: members.trim().split(',') };
}

/** Empty for a user without an entry in /etc/passwd. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
