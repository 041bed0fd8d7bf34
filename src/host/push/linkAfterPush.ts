import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import { pageAt } from '../connections/connection.ts';
import { showInformation } from '../display/messages.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { LinkOffer, LinkOffers } from '../registry/linkOffers.ts';
import type { Destination } from '../targets/target.ts';

/** The button of the message after a push that links what was pushed. */
export interface LinkButton {
  readonly title: string;
  /** For the message that has the button. */
  readonly explanation: string;
  readonly run: () => Promise<unknown>;
  /** The person chose another button, or closed the message: these packages are not offered again. */
  readonly decline: () => void;
}

/** What links packages without a question. */
export type AutomaticLinks = Pick<LinkOffers, 'isAutomatic' | 'find' | 'link'>;

/** Links what was pushed, if the person wants that always. Otherwise gives the button that does; undefined without one. */
export async function offerLinks(links: LinkOffers, pushed: readonly Destination[]): Promise<LinkButton | undefined> {
  const offers = await findOffers(links, pushed);
  if (!links.isAutomatic) return linkButton(links, offers);
  for (const { offer, error } of await linkAutomatically(links, offers)) {
    void reportFailure(error, { retry: () => linkAll(links, [offer]) }, failureTitle(offer));
  }
  return undefined;
}

/**
 * Links what was pushed while nobody may be there to press a button, if the person wants that always. Gives a sentence for
 * each push whose package could not be linked.
 */
export async function linkUnattended<T extends Destination>(
  links: AutomaticLinks,
  pushed: readonly T[],
): Promise<ReadonlyMap<T, string>> {
  if (!links.isAutomatic) return new Map();
  const failures = await linkAutomatically(links, await findOffers(links, pushed));
  const sentences = new Map<T, string>();
  for (const { offer, error } of failures) {
    const { connection, id } = offer;
    const key = `${connection.origin} ${id.owner}/${id.name}`;
    const sentence = `${failureTitle(offer)}: ${toTeaChestError(error).message}`;
    for (const one of pushed) if (packageKey(one) === key) sentences.set(one, sentence);
  }
  return sentences;
}

async function findOffers(links: AutomaticLinks, pushed: readonly Destination[]): Promise<readonly LinkOffer[]> {
  const packages = new Map(pushed.map((one) => [packageKey(one), one]));
  const found = await Promise.all([...packages.values()].map((one) => links.find(one)));
  return found.filter((offer) => offer !== undefined);
}

function packageKey({ connection, target }: Destination): string {
  return `${connection.origin} ${target.repository}`;
}

/** Undefined if there is nothing to link, or packages would be linked to different repositories. */
function linkButton(links: LinkOffers, offers: readonly LinkOffer[]): LinkButton | undefined {
  const [first] = offers;
  if (first === undefined || new Set(offers.map(repositoryOf)).size > 1) return undefined;
  return {
    title: first.page === undefined ? l10n.t`Link to ${repositoryOf(first)}` : l10n.t`Link to ${repositoryOf(first)}…`,
    explanation: l10n.t`It is not linked to a repository yet: the open folder belongs to ${repositoryOf(first)}.`,
    run: () =>
      first.page === undefined ? linkAll(links, offers) : openInBrowser(pageAt(first.connection, first.page)),
    decline: () => {
      for (const offer of offers) links.decline(offer);
    },
  };
}

interface LinkFailure {
  readonly offer: LinkOffer;
  readonly error: unknown;
}

/** For the setting `always`: the result of the push is shown afterwards. Gives those that could not be linked. */
async function linkAutomatically(links: AutomaticLinks, offers: readonly LinkOffer[]): Promise<readonly LinkFailure[]> {
  const failures: LinkFailure[] = [];
  for (const offer of offers) {
    if (offer.page !== undefined) continue;
    try {
      await links.link(offer);
    } catch (error) {
      failures.push({ offer, error });
    }
  }
  return failures;
}

async function linkAll(links: LinkOffers, offers: readonly LinkOffer[]): Promise<void> {
  for (const [at, offer] of offers.entries()) {
    try {
      await links.link(offer);
    } catch (error) {
      void reportFailure(error, { retry: () => linkAll(links, offers.slice(at)) }, failureTitle(offer));
      return;
    }
  }
  const [first, ...others] = offers;
  if (first === undefined) return;
  const message =
    others.length === 0
      ? l10n.t`${packageOf(first)} is linked to the repository ${repositoryOf(first)} now.`
      : l10n.t`${offers.length} packages are linked to the repository ${repositoryOf(first)} now.`;
  void showInformation(message, []);
}

function failureTitle(offer: LinkOffer): string {
  return l10n.t`${packageOf(offer)} was pushed, but not linked to ${repositoryOf(offer)}`;
}

function packageOf({ connection, id }: LinkOffer): string {
  return `${connection.host}/${id.owner}/${id.name}`;
}

function repositoryOf({ id, repository }: LinkOffer): string {
  return `${id.owner}/${repository}`;
}
