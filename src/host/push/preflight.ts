import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { toTeaChestError, type ErrorCode, type TeaChestError } from '../../core/base/errors.ts';
import type { Connection } from '../connections/connection.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import { hasOwners } from '../targets/settleTarget.ts';
import type { Problem } from '../input/choiceRows.ts';
import { explainOwner } from './explainOwner.ts';
import type { PushSources } from './pushSources.ts';

/** Refusals that another answer in the dialog, such as another owner or registry, helps against. For all others the push has a message with its own buttons. */
const correctable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'accessDenied',
  'ownerNotFound',
  'nameInvalid',
  'quotaExceeded',
  'notARegistry', // packages are switched off
]);

/**
 * Finds out during the dialog whether the person may push to a repository, so that no image is read for a push that the
 * registry refuses. An upload session is opened and closed, which leaves nothing in the registry. On Gitea the answer is the
 * same for all repositories of an owner, so each owner is asked for once.
 */
export class Preflight {
  readonly #access: Pick<RegistryBrowser, 'checkAccess' | 'explainDenied' | 'owners'>;
  readonly #checks = new Map<string, Promise<TeaChestError | undefined>>();

  constructor(access: Pick<RegistryBrowser, 'checkAccess' | 'explainDenied' | 'owners'>) {
    this.#access = access;
  }

  /** Begins the check, so that the answer is there when the person goes on. */
  begin(connection: Connection, repository: string): void {
    void this.refusalOf(connection, repository);
  }

  /** Why the registry refuses a push. Undefined if it does not, or for another problem, which the push reports. */
  async refusalOf(connection: Connection, repository: string): Promise<TeaChestError | undefined> {
    const unit = hasOwners(connection.kind) ? (repository.split('/')[0] ?? '') : repository;
    const key = `${connection.origin} ${unit.toLowerCase()}`;
    const check = this.#checks.get(key) ?? this.#check(connection, repository);
    this.#checks.set(key, check);
    const refusal = await check;
    // The person may ask somebody for the right, and try again.
    if (refusal !== undefined) this.#checks.delete(key);
    return refusal;
  }

  async #check(connection: Connection, repository: string): Promise<TeaChestError | undefined> {
    try {
      await this.#access.checkAccess(connection, repository);
      return undefined;
    } catch (failure) {
      const error = toTeaChestError(await this.#explain(failure, connection, repository));
      return correctable.has(error.code) ? error : undefined;
    }
  }

  async #explain(failure: unknown, connection: Connection, repository: string): Promise<unknown> {
    try {
      return await explainOwner(failure, { connection, repository }, this.#access);
    } catch {
      return failure;
    }
  }
}

/** The refusal for a list: its first sentence, and below it what helps and the other sentences. Nothing of it is left out. */
export function refusalRow(refusal: TeaChestError | undefined): Exclude<Problem, string> | undefined {
  if (refusal === undefined) return undefined;
  const { message, facts } = refusal;
  const [label = '', ...others] = sentencesOf(message);
  const { suggestion } = facts;
  const question = typeof suggestion === 'string' ? l10n.t`Did you mean “${suggestion}”?` : undefined;
  // The message of a wrong owner ends with the same question.
  return { label, detail: joinSentences(question, ...others.filter((sentence) => sentence !== question)) };
}

/** By the rules of Unicode: a full stop in `gitea.example.com` or `1.2` ends no sentence, and Chinese has no blank after one. */
function sentencesOf(text: string): readonly string[] {
  const segments = new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text);
  return Array.from(segments, ({ segment }) => segment.trim()).filter((sentence) => sentence !== '');
}

/** For a preview, which changes nothing in the registry: the check opens an upload session, and deletes it. */
export function withoutPreflight(access: PushSources['access']): PushSources['access'] {
  return {
    owners: (...asked) => access.owners(...asked),
    audienceOf: (...asked) => access.audienceOf(...asked),
    explainDenied: (...asked) => access.explainDenied(...asked),
    checkAccess: () => Promise.resolve(),
  };
}
