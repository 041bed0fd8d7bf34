import * as l10n from '@vscode/l10n';
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

/** Links what was pushed, if the person wants that always. Otherwise gives the button that does; undefined without one. */
export async function offerLinks(links: LinkOffers, pushed: readonly Destination[]): Promise<LinkButton | undefined> {
  const packages = new Map(pushed.map((one) => [`${one.connection.origin} ${one.target.repository}`, one]));
  const found = await Promise.all([...packages.values()].map((one) => links.find(one)));
  const offers = found.filter((offer) => offer !== undefined);
  if (!links.isAutomatic) return linkButton(links, offers);
  await linkAutomatically(links, offers);
  return undefined;
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

/** For the setting `always`: the message about the push follows. */
async function linkAutomatically(links: LinkOffers, offers: readonly LinkOffer[]): Promise<void> {
  for (const offer of offers) {
    if (offer.page !== undefined) continue;
    try {
      await links.link(offer);
    } catch (error) {
      void reportFailure(error, { retry: () => linkAll(links, [offer]) }, failureTitle(offer));
    }
  }
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
