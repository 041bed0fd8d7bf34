import type { BarLook, Page } from '../../webview/pushPage/protocol.ts';

/** What the patterns of the bars mean. */
const looks: Readonly<Record<BarLook, string>> = {
  there: 'There already',
  mounted: 'Mounted from another repository',
  probable: 'Probably there',
  toSend: 'To send',
  unknown: 'Known once it is compressed',
  waiting: 'Waiting',
  reading: 'Being read',
  sending: 'Being sent',
  done: 'Sent',
  stopped: 'Stopped',
};

const name = 'Layer, base first';

const shared = {
  legend: 'What the patterns mean',
  leastHeight: 'Heights are to scale. The smallest layers are drawn higher than they are.',
};

/** The texts of the page that are the same for all images of a kind. */
export const pageLabels: Readonly<Record<Page['mode'], Page['labels']>> = {
  push: { ...shared, looks, columns: { number: '#', name, size: 'Size', state: 'State' } },
  plan: { ...shared, looks, columns: { number: '#', name, size: 'Size', send: 'To send', state: 'In the registry' } },
  layers: { ...shared, looks: {}, columns: { number: '#', name, size: 'Size', send: 'Share' } },
};
