import * as v from 'valibot';
import { lenient, readValue } from '../../core/base/json.ts';

/**
 * Stands beside a token where nobody gave a user name: Gitea knows a token by itself, and tells the real name only if
 * the token may ask. It is nobody's name, so it is no owner either.
 */
export const anyUser = 'token';

const storedConnection = v.object({
  origin: v.string(),
  host: v.string(),
  webRoot: v.string(),
  kind: v.picklist(['gitea', 'forgejo', 'generic']),
  version: lenient(v.string()),
  /** Empty where the registry asks nobody who they are. */
  username: v.string(),
  trust: v.fallback(
    v.object({
      pinnedFingerprint: lenient(v.string()),
      caFile: lenient(v.string()),
      clientCertFile: lenient(v.string()),
      clientKeyFile: lenient(v.string()),
      allowHttp: lenient(v.boolean()),
    }),
    {},
  ),
});

/** A registry somebody signed in to. Everything but the secret. */
export type Connection = Readonly<v.InferOutput<typeof storedConnection>>;

/** Stored state → connections, by origin; without what an older or newer version of the extension wrote differently. */
export function readConnections(stored: unknown): Connection[] {
  const rows = readValue(v.record(v.string(), lenient(storedConnection)), stored) ?? {};
  return Object.values(rows).filter((connection) => connection !== undefined);
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
