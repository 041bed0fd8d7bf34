import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { PullResult } from '../../core/pull/pullEvents.ts';
import type { PullParts, PullRequest } from '../../core/pull/pullParts.ts';
import { PullProgress, type PullSnapshot } from '../../core/pull/pullProgress.ts';
import { nameInEngine, referenceText } from '../../core/pull/pullReference.ts';
import { networkScope } from '../../core/registry/http/networkScope.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { EngineLink } from '../engine/engine.ts';
import type { EngineRelay } from '../push/engineRelay.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import { pullHeartbeatMs, type PulledImages } from './pulledImages.ts';
import type { PullJob } from './pullJob.ts';

const reportIntervalMs = 250;

export interface PullRunnerDependencies {
  readonly link: Pick<EngineLink, 'get'>;
  readonly relay: Pick<EngineRelay, 'pullParts' | 'ended'>;
  readonly access: Pick<RegistryBrowser, 'contents'>;
  readonly store: Pick<ConnectionStore, 'credential'>;
  readonly pulled: Pick<PulledImages, 'begin' | 'end'>;
  readonly logger: Logger;
}

export interface PullOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (snapshot: PullSnapshot) => void;
  readonly mayMoveTag: PullRequest['mayMoveTag'];
}

/** A running pull, for the status bar. */
export interface RunningPull {
  readonly reference: string;
  readonly snapshot: PullSnapshot;
}

/** Runs pulls, one for each reference at a time. Every error has code and stage. */
export class PullRunner {
  readonly #dependencies: PullRunnerDependencies;
  readonly #running = new Map<string, Running>();
  #isClosed = false;
  readonly #listeners: ((pulls: readonly RunningPull[]) => void)[] = [];

  constructor(dependencies: PullRunnerDependencies) {
    this.#dependencies = dependencies;
  }

  /** `listener` is called regularly while pulls run, and when one has ended. */
  onProgress(listener: (pulls: readonly RunningPull[]) => void): void {
    this.#listeners.push(listener);
  }

  async run(job: PullJob, { signal, onProgress, mayMoveTag }: PullOptions): Promise<PullResult> {
    const { logger, pulled } = this.#dependencies;
    const { origin } = job.connection;
    const name = nameOf(job);
    const reference = referenceText(job.reference);
    if (this.#isClosed) throw windowClosed(job);
    if (this.#running.has(reference)) {
      throw new TeaChestError('busy', l10n.t`${reference} is being pulled already.`, { stage: 'pull' });
    }
    const progress = new PullProgress(() => performance.now());
    const stop = new AbortController();
    const ended = Promise.withResolvers<undefined>();
    this.#running.set(reference, { job, progress, stop, ended: ended.promise });
    const reports = setInterval(() => {
      onProgress?.(progress.snapshot());
      this.#report();
    }, reportIntervalMs);
    const heartbeat = setInterval(() => void pulled.begin(name, origin), pullHeartbeatMs);
    let pulledId: string | undefined;
    try {
      await pulled.begin(name, origin);
      const stopped = AbortSignal.any([signal, stop.signal]);
      const onEvent: PullRequest['onEvent'] = (event) => {
        progress.apply(event);
      };
      const result = await this.#pull(job, { ...job, signal: stopped, mayMoveTag, onEvent });
      const { digest, id, downloadedBytes, durationMs, way } = result;
      pulledId = id;
      logger.info(
        `Pulled ${result.reference} as ${digest} (ID ${id}) in ${Math.round(durationMs)} ms, ${downloadedBytes} bytes, way: ${way}.`,
      );
      return result;
    } catch (failure) {
      const error = reasonOf(toTeaChestError(failure, 'pull'), signal, stop.signal);
      logger[error.code === 'cancelled' ? 'info' : 'error'](
        `Pull of ${reference} ended (${error.code}): ${error.message}`,
      );
      throw error;
    } finally {
      clearInterval(reports);
      clearInterval(heartbeat);
      await pulled.end(name, origin, pulledId);
      this.#running.delete(reference);
      this.#report();
      ended.resolve(undefined);
    }
  }

  /** Cancels pulls and waits until they have ended: those from `origin` after a sign-out, or all as the window closes. */
  async stop(origin?: string): Promise<void> {
    // The next one of several pulls must not begin.
    if (origin === undefined) this.#isClosed = true;
    const stopped = [...this.#running.values()].filter(
      ({ job }) => origin === undefined || job.connection.origin === origin,
    );
    for (const { stop, job } of stopped) stop.abort(origin === undefined ? windowClosed(job) : signedOut(job));
    await Promise.all(stopped.map(({ ended }) => ended));
  }

  async #pull(job: PullJob, request: PullRequest): Promise<PullResult> {
    const { link, relay, access, store, logger } = this.#dependencies;
    const { connection, reference } = job;
    const { origin, host, trust, username } = connection;
    const engine = await link.get();
    const credential = username === '' ? undefined : await store.credential(origin);
    if (username !== '' && credential === undefined) throw notSignedIn(job);
    const contents = await access.contents(connection);
    const parts: PullParts = {
      puller: engine.puller(),
      repository: await contents.open(reference.repository, { signal: request.signal }),
      registry: {
        ...{ origin, host, isPinned: trust.pinnedFingerprint !== undefined },
        isLoopback: networkScope(host) === 'loopback',
      },
      credential,
      relay: await relay.pullParts(),
      logger,
    };
    // Loaded by the first pull: the archive's library is not needed before.
    const { pullImage } = await import('../../core/pull/pullImage.ts');
    return await pullImage(request, parts).finally(() => {
      relay.ended(engine);
    });
  }

  #report(): void {
    const pulls = [...this.#running].map(([reference, { progress }]) => ({ reference, snapshot: progress.snapshot() }));
    for (const listener of this.#listeners) listener(pulls);
  }
}

interface Running {
  readonly job: PullJob;
  readonly progress: PullProgress;
  readonly stop: AbortController;
  readonly ended: Promise<undefined>;
}

/** If the person cancelled, there is no other reason to report. */
function reasonOf(error: TeaChestError, outer: AbortSignal, stop: AbortSignal): TeaChestError {
  if (error.code !== 'cancelled' || outer.aborted) return error;
  const { reason } = stop as { readonly reason: unknown };
  return reason instanceof TeaChestError ? reason : error;
}

/** `repository:tag`, as the engine lists it. */
function nameOf({ reference }: PullJob): string {
  const { repository, tag } = nameInEngine(reference);
  return `${repository}:${tag}`.replace(/^docker\.io\/(?:library\/)?/, '');
}

function notSignedIn({ connection: { host } }: PullJob): TeaChestError {
  return new TeaChestError('notSignedIn', l10n.t`The sign-in to ${host} was not kept on this machine.`, {
    stage: 'pull',
    facts: { host },
  });
}

function signedOut({ connection: { host }, reference }: PullJob): TeaChestError {
  const sentence = l10n.t`You signed out of ${host} during the pull of ${referenceText(reference)}.`;
  return new TeaChestError('notSignedIn', sentence, { stage: 'pull', facts: { host } });
}

function windowClosed({ reference }: PullJob): TeaChestError {
  return new TeaChestError('cancelled', l10n.t`The window closed during the pull of ${referenceText(reference)}.`, {
    stage: 'pull',
  });
}
