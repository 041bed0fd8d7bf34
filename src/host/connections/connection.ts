import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, readValue } from '../../core/base/json.ts';
import type { WebPage } from '../openInBrowser.ts';

/**
 * The user name of a token that was given without one. Gitea identifies the user by the token, and returns the real name
 * only if the token has the scope read:user. It is not the name of an owner.
 */
export const anyUser = 'token';

const storedConnection = v.object({
  origin: v.string(),
  host: v.string(),
  webRoot: v.string(),
  kind: v.picklist(['gitea', 'forgejo', 'generic']),
  version: lenient(v.string()),
  /** Empty for a registry that needs no sign-in. */
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
  /** The local cluster of idpbuilder whose Gitea it is. */
  cluster: lenient(v.object({ context: v.string(), name: v.string(), authority: lenient(v.string()) })),
});

/** A registry that the person signed in to, without the secret. */
export type Connection = Readonly<v.InferOutput<typeof storedConnection>>;

/** Reads the stored connections. Leaves out what another version of the extension has stored in another form. */
export function readConnections(stored: unknown): Connection[] {
  const rows = readValue(v.record(v.string(), lenient(storedConnection)), stored) ?? {};
  return Object.values(rows).filter((connection) => connection !== undefined);
}

/** `dev · Gitea 1.26.4`; `no sign-in needed · Container registry`. */
export function describeConnection(connection: Connection): string {
  return `${connection.username === '' ? l10n.t('no sign-in needed') : connection.username} · ${describeKind(connection)}`;
}

/** `Gitea 1.26.4`, `Forgejo`, `Container registry`. */
function describeKind(connection: Connection): string {
  const name = { gitea: 'Gitea', forgejo: 'Forgejo', generic: l10n.t('Container registry') }[connection.kind];
  return connection.version === undefined ? name : `${name} ${connection.version}`;
}

/** A page of the server that the person signed in to. Links to other servers are never opened. */
export function pageAt({ origin }: Pick<Connection, 'origin'>, url: string): WebPage {
  return { url, root: origin };
}
