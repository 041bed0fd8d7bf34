import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { networkScope } from '../core/registry/http/networkScope.ts';
import { pushSettings, spoolFolder } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import { PushHistory } from '../host/history/pushHistory.ts';
import { Codecs } from '../host/push/codecs.ts';
import { explainFailure } from '../host/push/explainFailure.ts';
import type { EngineRelay } from '../host/push/engineRelay.ts';
import { PushJournal } from '../host/push/pushJournal.ts';
import { PushPlanner, type PushPlannerDependencies } from '../host/push/pushPlanner.ts';
import { PushRunner, type PushRunnerDependencies } from '../host/push/pushRunner.ts';
import { FileState } from '../host/state/fileState.ts';
import type { Registries } from './buildRegistries.ts';

/** What runs pushes, and what ended processes may have left of theirs. */
export interface Pushing {
  readonly runner: PushRunner;
  readonly planner: PushPlanner;
  readonly history: PushHistory;
  readonly codecs: Codecs;
  readonly journal: PushJournal;
  /** Folders in which pushes spool. */
  readonly spoolRoots: readonly string[];
}

export function buildPushing(
  { extensionPath, globalStorageUri }: vscode.ExtensionContext,
  { store, access, cache, memory, publicOwners, linkRates, autoChoices }: Registries,
  engine: { readonly link: EngineLink; readonly relay: EngineRelay } & Pick<PushRunnerDependencies, 'firstPushes'>,
  logger: Logger,
): Pushing {
  const storage = globalStorageUri.fsPath;
  const codecs = new Codecs(join(extensionPath, 'dist'), autoChoices);
  const journal = new PushJournal(join(storage, 'pushes'), logger);
  const history = new PushHistory({
    ...{ state: new FileState(join(storage, 'state', 'pushHistory')), changed: new vscode.EventEmitter(), logger },
  });
  const defaultSpool = join(storage, 'spool');
  const spoolRoot = (): string => spoolFolder() ?? defaultSpool;
  const shared: Pick<PushPlannerDependencies, 'openTarget' | 'createCodec' | 'settings' | 'cache' | 'logger'> = {
    ...{ cache, logger, settings: pushSettings },
    openTarget: (...asked) => access.openTarget(...asked),
    createCodec: (compression, gzipLevel, { origin, host }) =>
      codecs.create(compression, gzipLevel, {
        ...{ origin, scope: networkScope(host) },
        ...{ roundTripMs: access.roundTripMs(origin), bytesPerSecond: linkRates.get(origin) },
      }),
  };
  const explain: PushRunnerDependencies['explain'] = (error, job) => explainFailure(error, job, access);
  const runner = new PushRunner({ ...engine, ...shared, explain, journal, history, memory, spoolRoot });
  const planner = new PushPlanner({
    ...{ ...engine, ...shared, sources: { store, memory }, publicOwners },
    linkRate: (origin) => linkRates.get(origin),
  });
  return { runner, planner, history, codecs, journal, spoolRoots: [defaultSpool, spoolRoot()] };
}
