import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { isRecord } from '../record.ts';

/**
 * Stands beside a token where nobody gave a user name: Gitea knows a token by itself, and tells the real name only if
 * the token may ask. It is nobody's name, so it is no owner either.
 */
export const anyUser = 'token';

/** A registry somebody signed in to. Everything but the secret. */
export interface Connection extends RegistryAddress {
  readonly kind: 'gitea' | 'forgejo' | 'generic';
  readonly version: string | undefined;
  /** Empty where the registry asks nobody who they are. */
  readonly username: string;
  readonly trust: RegistryTrust;
}

/** Stored state → connection; undefined for what an older or newer version of the extension wrote differently. */
export function readConnection(value: unknown): Connection | undefined {
  if (!isRecord(value)) return undefined;
  const { origin, host, webRoot, kind, version, username, trust } = value;
  if (typeof origin !== 'string' || typeof host !== 'string' || typeof webRoot !== 'string') return undefined;
  if (typeof username !== 'string' || (kind !== 'gitea' && kind !== 'forgejo' && kind !== 'generic')) return undefined;
  return {
    origin,
    host,
    webRoot,
    kind,
    version: typeof version === 'string' ? version : undefined,
    username,
    trust: readTrust(trust),
  };
}

function readTrust(value: unknown): RegistryTrust {
  if (!isRecord(value)) return {};
  const { pinnedFingerprint, caFile, clientCertFile, clientKeyFile, allowHttp } = value;
  return {
    ...(typeof pinnedFingerprint === 'string' && { pinnedFingerprint }),
    ...(typeof caFile === 'string' && { caFile }),
    ...(typeof clientCertFile === 'string' && { clientCertFile }),
    ...(typeof clientKeyFile === 'string' && { clientKeyFile }),
    ...(allowHttp === true && { allowHttp }),
  };
}

/** `dev · Gitea 1.26.4`; `no sign-in needed · Container registry`. */
export function describeConnection(connection: Connection): string {
  return `${connection.username === '' ? 'no sign-in needed' : connection.username} · ${describeKind(connection)}`;
}

/** `Gitea 1.26.4`, `Forgejo`, `container registry`: for labels. */
function describeKind(connection: Connection): string {
  const name = { gitea: 'Gitea', forgejo: 'Forgejo', generic: 'Container registry' }[connection.kind];
  return connection.version === undefined ? name : `${name} ${connection.version}`;
}
