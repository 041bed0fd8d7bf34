import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { signInToGoOn } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { askModal, showError } from '../display/messages.ts';
import { moreAbout } from '../errors/moreAbout.ts';
import type { PushController } from '../push/pushController.ts';
import { settleTarget } from '../targets/settleTarget.ts';
import { briefImage, formatTarget, type Destination, type Target } from '../targets/target.ts';
import { readLink } from './readLink.ts';

export interface LinkHandlerDependencies extends AskSignInDependencies {
  readonly store: AskSignInDependencies['store'] & Pick<ConnectionStore, 'findByHost'>;
  readonly push: Pick<PushController, 'askAndPush'>;
}

/**
 * Follows `vscode://tea-chest.tea-chest/…` (docs/automation.md). VS Code has asked whether the link may be opened, and this
 * asks again with the host: a link only fills in a dialog, and the person does the rest.
 */
export class LinkHandler implements vscode.UriHandler {
  readonly #dependencies: LinkHandlerDependencies;

  constructor(dependencies: LinkHandlerDependencies) {
    this.#dependencies = dependencies;
  }

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      const link = readLink(uri.path, uri.query);
      if (link.kind === 'sign-in') await this.#signIn(link.address);
      else await this.#push(link.image, link.target);
    } catch (error) {
      const { code, message } = toTeaChestError(error);
      if (code !== 'cancelled') void showError(message, [], moreAbout([code]));
    }
  }

  async #signIn({ host, webRoot }: { readonly host: string; readonly webRoot: string }): Promise<void> {
    const detail = [
      l10n.t`The link leads to ${webRoot}.`,
      l10n.t('Go on only if you know this server: you are about to give it your user name and your token or password.'),
    ];
    if (!(await askModal(l10n.t`A link wants you to sign in to ${host}. Go on?`, detail, l10n.t('Go On')))) return;
    await signInToGoOn(this.#dependencies, { url: webRoot });
  }

  async #push(image: string, target: Target | undefined): Promise<void> {
    const { push } = this.#dependencies;
    const question =
      target === undefined
        ? l10n.t`A link wants you to push ${briefImage(image)} to a registry of your choice. Go on?`
        : l10n.t`A link wants you to push ${briefImage(image)} to ${formatTarget(target)}. Go on?`;
    const detail = [
      l10n.t('You can change what goes where in the dialog that follows. Nothing is pushed before you finish it.'),
    ];
    if (!(await askModal(question, detail, l10n.t('Go On')))) return;
    if (target === undefined) {
      await push.askAndPush({ image });
      return;
    }
    const edit = await this.#destination(target);
    if (edit !== undefined) await push.askAndPush({ image, edit });
  }

  /** Undefined if the person does not sign in to the registry. */
  async #destination(target: Target): Promise<Destination | undefined> {
    const { store } = this.#dependencies;
    if (store.findByHost(target.host) === undefined) {
      const start = { url: `https://${target.host}`, repository: target.repository, toPush: true };
      if (!(await signInToGoOn(this.#dependencies, start))) return undefined;
    }
    const connection = store.findByHost(target.host);
    if (connection === undefined) return undefined;
    return { connection, target: settleTarget({ ...target, host: connection.host }, connection.kind) };
  }
}
