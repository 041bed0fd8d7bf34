import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { pageAt } from '../connections/connection.ts';
import { copyPullCommand } from '../display/clipboard.ts';
import { showInformation } from '../display/messages.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { describeResult } from '../progress/pushText.ts';
import type { LinkOffers } from '../registry/linkOffers.ts';
import { packagePage } from '../targets/packagePage.ts';
import type { Destination } from '../targets/target.ts';
import { offerLinks } from './linkAfterPush.ts';

/** Shows what a push did, with the next steps as buttons. Resolves when the person chose, or closed the message. */
export async function showResult(
  result: PushResult,
  { connection, target }: Destination,
  links: LinkOffers,
  showDetails: () => void,
): Promise<void> {
  const link = await offerLinks(links, [{ connection, target }]);
  const page = packagePage(connection, target);
  const buttons = [
    // A message has room for three buttons: the titles of more are cut off.
    { title: l10n.t('Copy Pull Command'), run: () => copyPullCommand(result.reference) },
    ...(page === undefined
      ? []
      : [
          {
            title: connection.kind === 'forgejo' ? l10n.t('Open in Forgejo') : l10n.t('Open in Gitea'),
            run: () => openInBrowser(pageAt(connection, page)),
          },
        ]),
    link ?? { title: l10n.t('Show Details'), run: showDetails },
  ];
  const description = describeResult(result);
  const text = link === undefined ? description : joinSentences(asSentence(description), link.explanation);
  const chosen = await showInformation(text, buttons);
  if (link !== undefined && chosen !== link) link.decline();
  await chosen?.run();
}

function asSentence(text: string): string {
  return /[.。]$/.test(text)
    ? text
    : l10n.t({ message: '{0}.', args: [text], comment: 'A full stop after a sentence' });
}
