import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { PushResult } from '../../core/push/events.ts';
import type { Connection } from '../connections/connection.ts';
import { pageAt } from '../connections/connectionPage.ts';
import { copyPullCommand, copyReferences } from '../display/clipboard.ts';
import { showInformation } from '../display/messages.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { pushWithNotification } from './pushNotification.ts';
import { describeResult } from '../progress/pushText.ts';
import type { ActionHandlers } from '../progress/offerActions.ts';
import { reportFailure } from '../progress/reportFailure.ts';
import { packagePage } from '../targets/packagePage.ts';
import { briefImage } from '../targets/target.ts';
import type { Owners } from '../registry/registryBrowser.ts';
import { withNearestOwner } from './nearestOwner.ts';
import type { PushJob, PushRunner } from './pushRunner.ts';

/** What the buttons of a failed push need. */
export interface FailureActions {
  /** The connection as it is now: signing in again may have changed it. */
  readonly current: (connection: Connection) => Connection | undefined;
  /** True once somebody is signed in there. */
  readonly signIn: (start: { readonly url?: string; readonly username?: string }) => Promise<boolean>;
  /** Shows the certificate; true if the person trusts it now. */
  readonly trustCertificate: (connection: Connection) => Promise<boolean>;
  /** True once the registry has accepted a client certificate that the person chose. */
  readonly chooseClientCertificate: (connection: Connection) => Promise<boolean>;
  /** Asks for another target and pushes there. */
  readonly pushElsewhere: (job: PushJob) => Promise<unknown>;
}

/** Runs pushes in front of a person: progress, then what came of it with the next steps as buttons. */
export class PushController {
  readonly #runner: PushRunner;
  readonly #owners: (connection: Connection) => Promise<Owners>;
  readonly #onPushed: () => void;

  /** `onPushed`: somebody who shows what registries have may want to look again. */
  constructor(runner: PushRunner, owners: (connection: Connection) => Promise<Owners>, onPushed: () => void) {
    this.#runner = runner;
    this.#owners = owners;
    this.#onPushed = onPushed;
  }

  /** Rejects as the push does, once the failure is on the screen; waits for no button. */
  async push(job: PushJob, care: FailureActions): Promise<PushResult> {
    try {
      const result = await pushWithNotification(this.#runner, job);
      this.#onPushed();
      void this.#showSuccess(result, job);
      return result;
    } catch (failure) {
      const error = await withNearestOwner(failure, job, this.#owners);
      const { repository, tag } = job.target;
      void reportFailure(
        error,
        this.#handlers(job, care),
        `Push of ${briefImage(job.image)} to ${repository}:${tag} failed`,
      );
      throw error;
    }
  }

  #handlers(job: PushJob, care: FailureActions): ActionHandlers {
    const { connection } = job;
    const again = async (): Promise<void> => {
      const fresh = { ...job, connection: care.current(connection) ?? connection };
      await this.push(fresh, care).catch(() => undefined);
    };
    return {
      retry: again,
      changeTarget: () => care.pushElsewhere(job),
      createToken: () => openInBrowser(pageAt(connection, tokenSettingsUrl(connection.webRoot))),
      signIn: async () => {
        if (await care.signIn({ url: connection.webRoot, username: connection.username })) await again();
      },
      trustCertificate: async () => {
        if (await care.trustCertificate(connection)) await again();
      },
      chooseClientCertificate: async () => {
        if (await care.chooseClientCertificate(connection)) await again();
      },
    };
  }

  async #showSuccess(result: PushResult, { connection, target }: PushJob): Promise<void> {
    const page = packagePage(connection, target);
    const copy = { title: 'Copy Reference' };
    const pull = { title: 'Copy Pull Command' };
    const open = { title: connection.kind === 'forgejo' ? 'Open in Forgejo' : 'Open in Gitea' };
    const buttons = [copy, pull, ...(page === undefined ? [] : [open])];
    const choice = await showInformation(describeResult(result), buttons);
    if (choice === copy) await copyReferences([result.reference]);
    else if (choice === pull) await copyPullCommand(result.reference);
    else if (choice === open && page !== undefined) await openInBrowser(pageAt(connection, page));
  }
}
