import { askModal } from '../display/messages.ts';
import type { Consent } from './reach.ts';

/** Asks by a dialog that stands in the way: nothing is sent before it is answered. */
export const consent: Consent = {
  toCertificate: ({ message, detail }) => askModal(message, detail, 'Trust This Certificate'),
  toPlainHttp: (host) =>
    askModal(
      `Sign in to ${host} without encryption?`,
      ['Over http, everybody on the way can read your password and your images. Use it only on a network you trust.'],
      'Use http',
    ),
};
