// Pushes on the host where it is run, and says how that ended: a JSON order on standard input, a JSON outcome on standard
// output. Run by otherHosts.test.ts.
import { text } from 'node:stream/consumers';

import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import type { Credential, RegistryTrust } from '../../../src/core/registry/types.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig } from '../push/rig.ts';

export interface PushOrder {
  readonly engine: string;
  readonly url: string;
  /** `host:port` by which skopeo reads on the same host what was pushed. */
  readonly readAt: string;
  readonly image: string;
  /** Repository and tag below the registry. */
  readonly target: string;
  readonly credential: Credential;
  readonly trust: RegistryTrust;
  readonly strategy?: 'export' | 'relay';
  readonly environment?: Readonly<Record<string, string>>;
}

export type PushOutcome =
  | { readonly result: PushResult; readonly leftovers: readonly string[] }
  | { readonly error: { readonly code: string; readonly message: string } };

async function push(order: PushOrder): Promise<PushOutcome> {
  const { engine, image, target, strategy, ...registry } = order;
  const rig = await makeRig({ engine: { host: engine }, codec: plainGzip, ...registry });
  try {
    const result = await rig.push(image, target, strategy === undefined ? {} : { strategy });
    return { result, leftovers: await rig.leftovers() };
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    return { error: { code: error.code, message: error.message } };
  } finally {
    await rig.close();
  }
}

process.stdout.write(JSON.stringify(await push(JSON.parse(await text(process.stdin)) as PushOrder)));
