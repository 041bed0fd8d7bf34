import { askModal, askModalChoice } from '../display/messages.ts';
import { chooseCaFile, chooseClientCertificate } from './chooseFile.ts';
import type { Consent } from './verifyServerTrust.ts';

const trust = 'Trust This Certificate';
const chooseCa = 'Choose CA File…';

/** Asks by a dialog that stands in the way: nothing is sent before it is answered. */
export const consent: Consent = {
  toCertificate: async ({ message, detail }) => {
    const answer = await askModalChoice(message, detail, [trust, chooseCa]);
    if (answer === trust) return 'trust';
    const caFile = answer === chooseCa ? await chooseCaFile() : undefined;
    return caFile === undefined ? undefined : { caFile };
  },
  toPlainHttp: (host) =>
    askModal(
      `Sign in to ${host} without encryption?`,
      ['Over http, everybody on the way can read your password and your images. Use it only on a network you trust.'],
      'Use http',
    ),
  toClientCertificate: async (why) => {
    const detail = ['A client certificate and its key are two files in PEM form, or one that has both.'];
    if (!(await askModal(why, detail, 'Choose Client Certificate…'))) return undefined;
    return await chooseClientCertificate();
  },
  toLeaveOutFiles: (why) =>
    askModal(
      why,
      ['Without the files that were chosen for this registry, its certificate is checked as any other.'],
      'Go On Without Them',
    ),
};
