import { wantsClientCertificate, type TrustedServer } from './signIn.ts';
import type { Consent } from './verifyServerTrust.ts';

/** Asks for a client certificate if the registry wants one, and repeats `work` with it. Rejects if the person has none. */
export async function withClientCertificate<T>(
  consent: Consent,
  server: TrustedServer,
  work: (server: TrustedServer) => Promise<T>,
): Promise<T> {
  for (let current = server; ;) {
    try {
      return await work(current);
    } catch (error) {
      if (!wantsClientCertificate(error)) throw error;
      const files = await consent.toClientCertificate(error.message);
      if (files === undefined) throw error;
      current = { ...current, trust: { ...current.trust, ...files } };
    }
  }
}
