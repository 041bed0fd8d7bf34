import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import type { Memento } from 'vscode';
import { joinSentences } from '../../../core/base/joinSentences.ts';
import { readValue } from '../../../core/base/json.ts';
import { showInformation } from '../../display/messages.ts';
import type { PublicOwners } from '../../targets/publicOwners.ts';
import { formatTarget, type Destination } from '../../targets/target.ts';
import type { PushRule } from './pushRule.ts';

const stateKey = 'teaChest.pushOnBuild';
const storedAnswers = v.record(v.string(), v.picklist(['always', 'never']));

type Answer = 'always' | 'once' | 'never';

/** What the person has said about each rule in this folder. */
export class BuildConsent {
  readonly #state: Memento;
  readonly #publicOwners: Pick<PublicOwners, 'isPublic'>;
  /** One question for each rule at a time: builds go on meanwhile. */
  readonly #asking = new Map<string, Promise<Answer | undefined>>();

  /** `state`: of the workspace. */
  constructor(state: Memento, publicOwners: Pick<PublicOwners, 'isPublic'>) {
    this.#state = state;
    this.#publicOwners = publicOwners;
  }

  /** True if this build may be pushed. Asks if nothing is stored for the rule and its target. */
  async allows(rule: PushRule, image: string, destination: Destination): Promise<boolean> {
    const key = keyOf(rule);
    const stored = this.#answers()[key];
    if (stored !== undefined) return stored === 'always';
    const asking = this.#asking.get(key) ?? this.#ask(rule, image, destination);
    this.#asking.set(key, asking);
    const answer = await asking.finally(() => this.#asking.delete(key));
    return answer === 'always' || answer === 'once';
  }

  /** The next build of each rule asks again. */
  async reset(): Promise<void> {
    await this.#state.update(stateKey, undefined);
  }

  async #ask(rule: PushRule, image: string, destination: Destination): Promise<Answer | undefined> {
    const target = formatTarget(destination.target);
    const always = l10n.t('Always');
    const buttons = [
      { title: always, answer: 'always' },
      { title: l10n.t('Once'), answer: 'once' },
      { title: l10n.t('Never'), answer: 'never' },
    ] as const;
    const question = l10n.t`${image} was built, and the setting teaChest.pushOnBuild matches it by “${rule.reference}”. Push it to ${target}? “${always}” also pushes each later build that matches, in this folder and without asking.`;
    const isPublic = await this.#publicOwners.isPublic(destination);
    const audience = isPublic
      ? l10n.t`Everybody who can reach the registry can pull ${target}: its owner is public.`
      : undefined;
    const answer = (await showInformation(joinSentences(question, audience), buttons))?.answer;
    if (answer === 'always' || answer === 'never') {
      await this.#state.update(stateKey, { ...this.#answers(), [keyOf(rule)]: answer });
    }
    return answer;
  }

  #answers(): Readonly<Record<string, 'always' | 'never'>> {
    return readValue(storedAnswers, this.#state.get(stateKey)) ?? {};
  }
}

/** Another target of the same pattern is another question. */
function keyOf({ reference, target = '' }: PushRule): string {
  return JSON.stringify([reference, target]);
}
