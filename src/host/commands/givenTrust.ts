import { TeaChestError } from '../../core/base/errors.ts';
import { normalizeFingerprint } from '../../core/registry/http/fingerprint.ts';
import type { RegistryTrust } from '../../core/registry/types.ts';
import { withCaFile } from '../connections/verifyServerTrust.ts';
import type { SignInArguments } from './arguments.ts';

/** What was kept of the registry, changed by what is given now. */
export function trustFrom(args: SignInArguments, saved: RegistryTrust): RegistryTrust {
  const { caFile, clientCertFile, clientKeyFile, allowHttp } = args;
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    const why = '“clientCertFile” and “clientKeyFile” are needed together.';
    throw new TeaChestError('argumentInvalid', why, { stage: 'signIn' });
  }
  return {
    ...(caFile === undefined ? saved : withCaFile(saved, caFile)),
    ...(clientCertFile !== undefined && clientKeyFile !== undefined && { clientCertFile, clientKeyFile }),
    ...(allowHttp === true && { allowHttp }),
    ...givenPin(args),
  };
}

function givenPin({ trustFingerprint }: SignInArguments): RegistryTrust {
  if (trustFingerprint === undefined) return {};
  const pinnedFingerprint = normalizeFingerprint(trustFingerprint);
  if (pinnedFingerprint === undefined) {
    throw new TeaChestError('argumentInvalid', '“trustFingerprint” is not a SHA-256 fingerprint: 64 hex digits.', {
      stage: 'signIn',
    });
  }
  return { pinnedFingerprint };
}
