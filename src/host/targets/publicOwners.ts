import { setTimeout } from 'node:timers/promises';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import type { Memento } from 'vscode';
import { listOf, readValue } from '../../core/base/json.ts';
import type { Audience } from '../../core/gitea/readAudience.ts';
import type { Connection } from '../connections/connection.ts';
import { hasOwners } from './settleTarget.ts';
import type { Destination } from './target.ts';

const stateKey = 'teaChest.publicOwners';
/** Milliseconds. Nobody waits longer for the visibility of an owner. */
const longestWaitMs = 2_000;

/** Others than the members of an organization. */
export type WideAudience = Exclude<Audience, 'members'>;

/** Owners by origin. */
const storedOwners = v.record(v.string(), listOf(v.string()));

/**
 * On Gitea an image is as visible as its owner, even if it is linked to a private repository. So the person confirms the
 * first push to each owner whose images others can pull. Confirmed owners are stored by origin.
 */
export class PublicOwners {
  readonly #state: Memento;
  readonly #audienceOf: (connection: Connection, owner: string) => Promise<Audience | undefined>;
  readonly #ask: (message: string, detail: readonly string[], yes: string) => Promise<boolean>;

  constructor(
    state: Memento,
    audienceOf: (connection: Connection, owner: string) => Promise<Audience | undefined>,
    ask: (message: string, detail: readonly string[], yes: string) => Promise<boolean>,
  ) {
    this.#state = state;
    this.#audienceOf = audienceOf;
    this.#ask = ask;
  }

  /** True if the push may continue. */
  async confirm(destination: Destination): Promise<boolean> {
    const audience = await this.unconfirmed(destination);
    if (audience === undefined) return true;
    const { host } = destination.connection;
    const isConfirmed = await this.#ask(...question(ownerOf(destination), host, audience), l10n.t('Push'));
    if (isConfirmed) await this.remember(destination);
    return isConfirmed;
  }

  /** Who can pull what is pushed there, if the person has to confirm that first. Otherwise undefined. */
  async unconfirmed(destination: Destination): Promise<WideAudience | undefined> {
    if (this.#confirmed(destination).includes(ownerOf(destination))) return undefined;
    const audience = await this.#audience(destination);
    return audience === 'members' ? undefined : audience;
  }

  /** The person has confirmed a push to this owner. */
  async remember(destination: Destination): Promise<void> {
    const owners = new Set([...this.#confirmed(destination), ownerOf(destination)]);
    await this.#state.update(stateKey, { ...this.#rows(), [destination.connection.origin]: [...owners] });
  }

  #confirmed({ connection }: Destination): readonly string[] {
    return this.#rows()[connection.origin] ?? [];
  }

  /** True if everybody who can reach the registry can pull what is pushed there. */
  async isPublic(destination: Destination): Promise<boolean> {
    return (await this.#audience(destination)) === 'everybody';
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    const rows = Object.entries(this.#rows()).filter(([key]) => key !== origin);
    await this.#state.update(stateKey, rows.length === 0 ? undefined : Object.fromEntries(rows));
  }

  async #audience(destination: Destination): Promise<Audience | undefined> {
    const { connection } = destination;
    return hasOwners(connection.kind) ? await this.#audienceOf(connection, ownerOf(destination)) : undefined;
  }

  #rows(): Readonly<Record<string, readonly string[]>> {
    return readValue(storedOwners, this.#state.get(stateKey)) ?? {};
  }
}

/**
 * Who can pull what is pushed there, if no person has confirmed that yet. Undefined also if the registry does not say it
 * soon.
 */
export async function unconfirmedSoon(
  publicOwners: Pick<PublicOwners, 'unconfirmed'>,
  destination: Destination,
): Promise<WideAudience | undefined> {
  const late = new AbortController();
  try {
    const nothing = setTimeout(longestWaitMs, undefined, { signal: late.signal });
    // Ended below, where nobody waits for it any more.
    nothing.catch(() => undefined);
    return await Promise.race([publicOwners.unconfirmed(destination), nothing]);
  } finally {
    late.abort();
  }
}

/** A sentence about a push where nobody can be asked. It is the same for all images of an owner, and so said once. */
export function audienceNotice(destination: Destination, audience: WideAudience): string {
  const owner = ownerOf(destination);
  const { host } = destination.connection;
  return audience === 'everybody'
    ? l10n.t`Everybody who can reach ${host} can pull the images of ${owner}: this owner is public.`
    : l10n.t`Everybody who is signed in to ${host} can pull the images of ${owner}.`;
}

/** The detail of the row that proposes a push, where Enter is the confirmation. */
export function confirmationDetail(destination: Destination, audience: WideAudience): string {
  const owner = ownerOf(destination);
  return audience === 'everybody'
    ? l10n.t`${owner} is public: everybody who can reach this server can pull this image`
    : l10n.t`Everybody who is signed in to this server can pull the images of ${owner}`;
}

function question(owner: string, host: string, audience: WideAudience): [string, readonly string[]] {
  const once = l10n.t('You are asked once for each owner.');
  return audience === 'everybody'
    ? [
        l10n.t`${owner} on ${host} is public. Push there?`,
        [l10n.t`Everybody who can reach this server can pull this image, and every other one of ${owner}.`, once],
      ]
    : [
        l10n.t`Everybody who is signed in to ${host} can pull the images of ${owner}. Push there?`,
        [l10n.t`${owner} is visible to every user of this server, and so are its images.`, once],
      ];
}

function ownerOf({ target: { repository } }: Destination): string {
  return repository.slice(0, repository.indexOf('/')).toLowerCase();
}
