import * as l10n from '@vscode/l10n';
import type { BarLook, Page } from '../../webview/pushPage/protocol.ts';

/** What the patterns of the bars mean. */
const looks: Readonly<Record<Exclude<BarLook, 'size'>, string>> = {
  there: l10n.t('There already'),
  mounted: l10n.t('Mounted from another repository'),
  probable: l10n.t('Probably there'),
  toSend: l10n.t('To send'),
  unknown: l10n.t('Known once it is compressed'),
  waiting: l10n.t('Waiting'),
  reading: l10n.t('Being read'),
  sending: l10n.t('Being sent'),
  done: l10n.t('Sent'),
  stopped: l10n.t('Stopped'),
};

const name = l10n.t('Layer, base first');

const size = l10n.t('Size');

const shared = {
  legend: l10n.t('What the patterns mean'),
  leastHeight: l10n.t('Heights are to scale. The smallest layers are drawn higher than they are.'),
};

const share = l10n.t({ message: 'Share', comment: 'Noun, title of a column: the part of the image’s size in percent' });

/** The texts of the page that are the same for all images of a kind. */
export const pageLabels: Readonly<Record<Page['mode'], Page['labels']>> = {
  push: { ...shared, looks, columns: { number: '#', name, size, state: l10n.t('State') } },
  plan: {
    ...shared,
    looks,
    columns: { number: '#', name, size, send: l10n.t('To send'), state: l10n.t('In the registry') },
  },
  layers: { ...shared, looks: {}, columns: { number: '#', name, size, send: share } },
};

export const transferLabel = l10n.t({ message: 'Transfer', comment: 'Noun: how the image goes to the registry' });

/** Below the name of an image. */
export function subtitleTo(target: string): string {
  return l10n.t({ message: 'to {0}', args: [target], comment: 'The target of a push, below the name of the image' });
}
