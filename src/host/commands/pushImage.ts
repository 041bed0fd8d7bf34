import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { PushResult } from '../../core/push/events.ts';
import type { SignInStart } from '../connections/askSignIn.ts';
import type { Connection } from '../connections/connection.ts';
import type { ActionHandlers } from '../progress/offerActions.ts';
import { reportFailure } from '../progress/reportFailure.ts';
import { askPush, type PushQuestions, type PushStart } from '../push/askPush.ts';
import type { FailureActions, PushController } from '../push/pushController.ts';
import type { PushJob } from '../push/pushRunner.ts';
import { resolvePush, type PushKnowledge } from '../push/resolvePush.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { briefImage } from '../targets/target.ts';
import { readPushArguments } from './arguments.ts';
import type { PushArguments } from '../push/pushArguments.ts';
import { toRejection } from './rejection.ts';

export interface PushDependencies {
  readonly controller: PushController;
  readonly knowledge: PushKnowledge;
  readonly questions: PushQuestions;
  /** True once somebody is signed in. */
  readonly signIn: (start: SignInStart) => Promise<boolean>;
  readonly trustCertificate: FailureActions['trustCertificate'];
  readonly chooseClientCertificate: FailureActions['chooseClientCertificate'];
  readonly find: (origin: string) => Connection | undefined;
  /** Asked before a push that a person chose the target of, never of one that was told all. */
  readonly publicOwners: Pick<PublicOwners, 'agree'>;
  /** False after a restart on a machine that keeps no secrets. */
  readonly hasCredential: (connection: Connection) => Promise<boolean>;
}

/** What was asked for besides image and target, and holds wherever the push goes. */
type PushOverrides = Pick<PushJob, 'compression' | 'strategy' | 'platform' | 'recheck'>;

/** `teaChest.pushImage` and what the Images view does with its selection: from wishes to a running push. */
export class PushCommands {
  readonly #dependencies: PushDependencies;

  constructor(dependencies: PushDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Without arguments a person is asked, and sees what comes of it; undefined if they leave or it fails. With arguments
   * it rejects with an error that has `code` and `stage`, besides showing the same.
   */
  async run(argument: unknown): Promise<PushResult | undefined> {
    if (argument === undefined) return await this.askAndPush({});
    try {
      return await this.#pushAsTold(readPushArguments(argument));
    } catch (error) {
      throw toRejection(error, 'resolve');
    }
  }

  /** Asks where all of them go, and then pushes one after the other; a person who leaves a question leaves them all. */
  async pushAll(images: readonly string[]): Promise<void> {
    const { controller, find } = this.#dependencies;
    try {
      for (const job of await this.#askAll(images)) {
        // A button under an earlier push may have changed what is known of the registry.
        const fresh = { ...job, connection: find(job.connection.origin) ?? job.connection };
        await controller.push(fresh, this.#care).catch(() => undefined);
      }
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushAll(images) });
    }
  }

  async #askAll(images: readonly string[]): Promise<readonly PushJob[]> {
    const jobs: PushJob[] = [];
    for (const [index, image] of images.entries()) {
      const title =
        images.length === 1 ? undefined : `Push Image ${index + 1} of ${images.length}: ${briefImage(image)}`;
      const job = await this.#ask({ image, title, along: jobs.at(-1) }, {});
      if (job === undefined) return [];
      jobs.push(job);
    }
    return jobs;
  }

  /** Asks for what `start` leaves open, pushes, and keeps failures to the screen. */
  async askAndPush(start: PushStart, how: PushOverrides = {}): Promise<PushResult | undefined> {
    const job = await this.#askOrReport(start, how);
    return job && (await this.#dependencies.controller.push(job, this.#care).catch(() => undefined));
  }

  async #askOrReport(start: PushStart, how: PushOverrides = {}): Promise<PushJob | undefined> {
    try {
      return await this.#ask(start, how);
    } catch (error) {
      void reportFailure(error, { retry: () => this.askAndPush(start, how) });
      return undefined;
    }
  }

  async #pushAsTold(args: PushArguments): Promise<PushResult> {
    const job = await this.#resolve(args);
    return await this.#dependencies.controller.push(job, this.#care);
  }

  /** Asks only if the arguments and former pushes do not say where to; a refusal to answer is `targetNeeded`. */
  async #resolve(args: PushArguments): Promise<PushJob> {
    const { image, compression, strategy, platform, recheck } = args;
    try {
      const known = resolvePush(args, this.#dependencies.knowledge);
      if (known !== undefined) return { ...known, said: image };
    } catch (refusal) {
      const error = withWarningOfOthers(refusal, image, await this.#dependencies.questions.references());
      void reportFailure(error, this.#beforePush(args, error));
      throw error;
    }
    const asked = await this.#ask({ image }, { compression, strategy, platform, recheck });
    if (asked !== undefined) return asked;
    throw new TeaChestError('targetNeeded', `Nobody said where ${image} should go, and it was not pushed before.`, {
      stage: 'resolve',
      facts: { image },
    });
  }

  /** Buttons of a failure before any push began. */
  #beforePush(args: PushArguments, error: unknown): ActionHandlers {
    const host = toTeaChestError(error).facts['host'];
    const { image, compression, strategy, platform, recheck } = args;
    const again = (): Promise<unknown> => this.#pushAsTold(args).catch(() => undefined);
    return {
      changeTarget: () => this.askAndPush({ image }, { compression, strategy, platform, recheck }),
      ...(typeof host === 'string' && {
        signIn: async () => {
          if (await this.#dependencies.signIn({ url: `https://${host}` })) await again();
        },
      }),
    };
  }

  async #ask(start: PushStart, how: PushOverrides): Promise<PushJob | undefined> {
    const { questions, signIn, publicOwners } = this.#dependencies;
    if (questions.connections().length === 0 && !(await signIn({ toPush: true }))) return undefined;
    const asked = await askPush(questions, start);
    if (asked === undefined || !(await publicOwners.agree(asked))) return undefined;
    const connection = await this.#signedIn(asked.connection);
    return connection && { ...asked, connection, ...how };
  }

  /** Undefined if the credential was not kept on this machine, and the person does not sign in again. */
  async #signedIn(connection: Connection): Promise<Connection | undefined> {
    const { hasCredential, signIn, find } = this.#dependencies;
    const { origin, webRoot, username, trust } = connection;
    if (username === '' || (await hasCredential(connection))) return connection;
    const isSignedIn = await signIn({ url: webRoot, username, trust, askCredential: true });
    return isSignedIn ? (find(origin) ?? connection) : undefined;
  }

  get #care(): FailureActions {
    const { signIn, trustCertificate, chooseClientCertificate, find } = this.#dependencies;
    return {
      // Whoever let nobody push wants to know who is asking, even if it seemed to be open.
      signIn: (start) => signIn({ ...start, askCredential: true }),
      trustCertificate,
      chooseClientCertificate,
      current: ({ origin }) => find(origin),
      pushElsewhere: ({ image, said, connection, target, compression, strategy, platform }) =>
        this.askAndPush({ image: said ?? image, former: { connection, target } }, { compression, strategy, platform }),
    };
  }
}
