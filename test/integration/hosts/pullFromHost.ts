// Pulls on the host where it is run, and says how that ended: a JSON order on standard input, a JSON outcome on standard
// output. Run by pullOverTls.test.ts.
import { text } from 'node:stream/consumers';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { PullResult } from '../../../src/core/pull/pullEvents.ts';
import type { Credential, RegistryTrust } from '../../../src/core/registry/types.ts';
import { openPullRig } from '../pull/pullRig.ts';

export interface PullOrder {
  readonly engine: string;
  readonly url: string;
  /** Repository and tag below the registry. */
  readonly source: string;
  readonly credential: Credential;
  readonly trust: RegistryTrust;
}

export type PullOutcome = { readonly log: readonly string[] } & (
  { readonly result: PullResult } | { readonly error: { readonly code: string; readonly message: string } }
);

async function pull({ engine, source, ...registry }: PullOrder): Promise<PullOutcome> {
  const rig = openPullRig({ engine: { host: engine }, ...registry });
  try {
    return { result: await rig.pull(source), log: rig.log };
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    return { error: { code: error.code, message: error.message }, log: rig.log };
  } finally {
    await rig.close();
  }
}

process.stdout.write(JSON.stringify(await pull(JSON.parse(await text(process.stdin)) as PullOrder)));
