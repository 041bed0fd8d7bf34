import * as l10n from '@vscode/l10n';
import { sleep as realSleep } from '../base/cancel.ts';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import type { EngineDescription, EnginePuller } from '../ports/enginePuller.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { RelayUnavailable } from '../relay/pushFromEngine.ts';
import { choosePullWays, helpsAnotherWay } from './choosePullWays.ts';
import { explainPullError } from './explainPullError.ts';
import { isPulled, requirePulled } from './isPulled.ts';
import type { PullResult, PullWay } from './pullEvents.ts';
import type { PullParts, PullRequest } from './pullParts.ts';
import { nameInEngine, referenceText } from './pullReference.ts';
import { resolveImage, type ResolvedImage } from './resolveImage.ts';
import { transferByArchive, transferByEngine, transferByRelay, type Transfer } from './transfers.ts';

/**
 * Brings an image from a registry into the engine. What the reference stands for is fixed by its digest first; the engine
 * has exactly that afterwards, or this rejects. Errors have the stage `pull`.
 */
export async function pullImage(request: PullRequest, parts: PullParts): Promise<PullResult> {
  const startedAt = performance.now();
  try {
    const { puller, repository, sleep = realSleep } = parts;
    const { reference, platform, signal, onEvent } = request;
    onEvent({ type: 'stage', stage: 'resolve' });
    const description = await puller.describe(reference.host, { signal });
    const image = await resolveImage(repository, {
      ...{ host: reference.host, reference: reference.digest ?? reference.tag, platform },
      ...{ engine: description, signal, sleep },
    });
    const attempt = { request, parts: { ...parts, sleep }, description, image };
    const existing = (await findPulled(attempt)) ?? (await transfer(attempt));
    const result = { ...existing, digest: image.top.digest, durationMs: performance.now() - startedAt };
    onEvent({ type: 'done', result });
    return result;
  } catch (error) {
    throw explainPullError(error, referenceText(request.reference)).at('pull');
  }
}

interface Attempt {
  readonly request: PullRequest;
  readonly parts: PullParts & { readonly sleep: NonNullable<PullParts['sleep']> };
  readonly description: EngineDescription;
  readonly image: ResolvedImage;
}

type Outcome = Pick<PullResult, 'reference' | 'id' | 'downloadedBytes' | 'way'>;

/** If the engine has the image already, at most a name is added. Asks before another image loses its tag. */
async function findPulled({ request, parts, image }: Attempt): Promise<Outcome | undefined> {
  const { puller } = parts;
  const { reference, signal, mayMoveTag } = request;
  const name = referenceText(reference);
  const current = await find(puller, name, signal);
  if (current !== undefined && isPulled(current, image)) return unchanged(name, current);
  if (current !== undefined && reference.digest === undefined) {
    const move = { reference: name, current, digest: image.top.digest };
    if (!(await mayMoveTag(move))) throw new TeaChestError('cancelled', l10n.t('The tag stays as it is.'));
  }
  for (const id of [image.top.digest, ...image.manifests.map(({ config }) => config.digest)]) {
    const same = await find(puller, id, signal);
    if (same === undefined || !isPulled(same, image)) continue;
    const tag = nameInEngine(reference);
    await puller.tag(same.id, tag, { signal });
    return unchanged(`${tag.repository}:${tag.tag}`, same);
  }
  return undefined;
}

function unchanged(reference: string, { id }: ImageDetails): Outcome {
  return { reference, id, downloadedBytes: 0, way: 'none' };
}

/** Undefined if the engine has no such image. */
async function find(puller: EnginePuller, name: string, signal: AbortSignal): Promise<ImageDetails | undefined> {
  try {
    return await puller.inspect(name, { signal });
  } catch (error) {
    if (error instanceof TeaChestError && error.code === 'imageNotFound') return undefined;
    throw error;
  }
}

async function transfer(attempt: Attempt): Promise<Outcome> {
  const { request, parts, description, image } = attempt;
  const { puller, registry, credential, relay, logger } = parts;
  const { signal, onEvent } = request;
  const name = referenceText(request.reference);
  const { ways, reasons } = choosePullWays({
    ...{ registry, needsCredential: credential !== undefined, engine: puller, description },
    relayObstacle: obstacleOf(puller, relay),
  });
  onEvent({ type: 'stage', stage: 'transfer' });
  for (const [at, way] of ways.entries()) {
    const why = at === 0 && reasons.length > 0 ? ` ${reasons.join(' ')}` : '';
    logger.info(`Pull of ${name} as ${image.top.digest}, ${wayTexts[way]}.${why}`);
    try {
      const { reference, downloadedBytes } = await transferBy(way)(attempt);
      onEvent({ type: 'stage', stage: 'check' });
      const { id } = requirePulled(
        await puller.inspect(reference, { signal: new AbortController().signal }),
        image,
        reference,
      );
      return { reference, id, downloadedBytes, way };
    } catch (error) {
      const isLast = at === ways.length - 1;
      if (signal.aborted || isCancelled(error) || isLast || !mayHelp(error)) throw error;
      logger.info(
        `Pull of ${name}, ${wayTexts[way]}, did not work: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  throw new Error('there is always a way');
}

const wayTexts: Readonly<Record<Exclude<PullWay, 'none'>, string>> = {
  engine: 'by the engine itself',
  relay: 'by the engine through Tea Chest’s endpoint',
  archive: 'by an archive that Tea Chest gives to the engine',
};

function transferBy(way: Exclude<PullWay, 'none'>): Transfer {
  if (way === 'engine') return transferByEngine;
  return way === 'relay' ? transferByRelay : transferByArchive;
}

function obstacleOf({ local }: EnginePuller, relay: PullParts['relay']): string | undefined {
  if (relay === undefined) return 'The endpoint of Tea Chest could not be opened.';
  if (local === undefined || relay.reachability.isWorthTrying(local.id)) return undefined;
  return 'The engine did not reach Tea Chest at 127.0.0.1 a short time ago.';
}

/** A failure of the engine that is about its way to the registry or to us. What the registry says itself stays as it is. */
function mayHelp(error: unknown): boolean {
  if (error instanceof RelayUnavailable) return true;
  if (!(error instanceof TeaChestError) || error.code !== 'engineFailed') return false;
  return helpsAnotherWay(String(error.facts['message'] ?? error.message));
}
