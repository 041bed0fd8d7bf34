import * as l10n from '@vscode/l10n';
import type { BarLook, Page } from '../../webview/pushPage/protocol.ts';

/** What the patterns of the bars mean. */
const looks: Readonly<Record<BarLook, string>> = {
  there: l10n.t('There already'),
  mounted: l10n.t('Mounted from another repository'),
  probable: l10n.t('Probably there'),
  toSend: l10n.t('To send'),
  unknown: l10n.t('Known once it is compressed'),
  waiting: 'Waiting',
  reading: l10n.t('Being read'),
  sending: l10n.t('Being sent'),
  done: 'Sent',
  stopped: 'Stopped',
};

const name = l10n.t('Layer, base first');

const shared = {
  legend: l10n.t('What the patterns mean'),
  leastHeight: l10n.t('Heights are to scale. The smallest layers are drawn higher than they are.'),
};

/** The texts of the page that are the same for all images of a kind. */
export const pageLabels: Readonly<Record<Page['mode'], Page['labels']>> = {
  push: { ...shared, looks, columns: { number: '#', name, size: 'Size', state: 'State' } },
  plan: {
    ...shared,
    looks,
    columns: { number: '#', name, size: 'Size', send: l10n.t('To send'), state: l10n.t('In the registry') },
  },
  layers: { ...shared, looks: {}, columns: { number: '#', name, size: 'Size', send: 'Share' } },
};
