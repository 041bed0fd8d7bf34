import * as l10n from '@vscode/l10n';
import type { LoginInformation } from '@microsoft/vscode-docker-registries';
import { TeaChestError } from '../../core/base/errors.ts';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { askModal } from '../display/messages.ts';
import type { OriginValues } from '../registry/originValues.ts';

export interface LoginSharingDependencies {
  readonly store: Pick<ConnectionStore, 'list' | 'credential'>;
  /** The user name whose login of a registry the person has agreed to share. */
  readonly allowed: Pick<OriginValues<string>, 'get' | 'set' | 'forgetRegistry'>;
  readonly ask: typeof askModal;
}

/** Gives logins to Container Tools, each after the person has agreed to it once. */
export class LoginSharing {
  readonly #dependencies: LoginSharingDependencies;

  constructor(dependencies: LoginSharingDependencies) {
    this.#dependencies = dependencies;
  }

  /** The login of exactly this registry. Undefined if the person does not agree. */
  async loginFor(connection: Connection): Promise<LoginInformation | undefined> {
    const { host: server } = connection;
    // Container Tools skips the login of a registry that has none.
    if (connection.username === '') return { server, username: '', secret: '' };
    const { username } = await this.#credentialOf(connection);
    if (!(await this.#mayShare(connection, username))) return undefined;
    // The person may have signed out, or in as somebody else, while they were asked.
    const credential = await this.#credentialOf(connection);
    return credential.username === username ? { server, ...credential } : undefined;
  }

  async #credentialOf({ origin, host }: Connection): Promise<{ readonly username: string; readonly secret: string }> {
    const credential = await this.#dependencies.store.credential(origin);
    if (credential !== undefined) return { username: credential.username, secret: credential.secret };
    throw new TeaChestError('notSignedIn', l10n.t`The login of ${host} is not on this machine any more.`, {
      stage: 'signIn',
      facts: { host },
    });
  }

  /** Container Tools gets no login any more before the person has agreed again. */
  async stop(): Promise<void> {
    for (const { origin } of this.#dependencies.store.list()) await this.forgetRegistry(origin);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.#dependencies.allowed.forgetRegistry(origin);
  }

  async #mayShare({ origin, host }: Connection, username: string): Promise<boolean> {
    const { allowed, ask } = this.#dependencies;
    // Another user's login is another secret.
    if (allowed.get(origin) === username) return true;
    const detail = [
      l10n.t`Container Tools gets the user name ${username} with its token or password, and signs the container engine’s own client in with it. That client keeps the login on this machine, in its credential helper or in its config file.`,
      l10n.t({
        message:
          'You are asked once for each registry. “Tea Chest: Stop Sharing Logins with Container Tools” takes it back.',
        comment: 'The quoted text is the title of a command, as translated in package.nls.json',
      }),
    ];
    if (!(await ask(l10n.t`Container Tools wants to use your login for ${host}.`, detail, l10n.t('Share Login'))))
      return false;
    allowed.set(origin, username);
    return true;
  }
}
