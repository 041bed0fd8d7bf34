import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import type { EngineDescription } from '../ports/enginePuller.ts';
import type { EngineImageName } from '../ports/enginePusher.ts';
import { pullThroughRelay } from '../relay/pullThroughRelay.ts';
import { RelayUnavailable } from '../relay/pushFromEngine.ts';
import { imageArchive } from './imageArchive.ts';
import { requirePulled } from './isPulled.ts';
import { LayerRows } from './layerRows.ts';
import type { PullParts, PullRequest } from './pullParts.ts';
import { nameInEngine, referenceText } from './pullReference.ts';
import { PullSource } from './pullSource.ts';
import type { ResolvedImage } from './resolveImage.ts';

interface TransferContext {
  readonly request: Pick<PullRequest, 'reference' | 'signal' | 'onEvent'>;
  readonly parts: Omit<PullParts, 'registry'> & { readonly sleep: NonNullable<PullParts['sleep']> };
  readonly description: Pick<EngineDescription, 'store'>;
  readonly image: ResolvedImage;
}

interface Transferred {
  /** The image's name in the engine. */
  readonly reference: string;
  readonly downloadedBytes: number;
}

/** Brings the image into the engine under its name. */
export type Transfer = (context: TransferContext) => Promise<Transferred>;

/** The engine pulls the digest from the registry, and gets the tag afterwards: a tag that moves meanwhile changes nothing. */
export async function transferByEngine({ request, parts, image }: TransferContext): Promise<Transferred> {
  const { puller, credential } = parts;
  const { reference, signal, onEvent } = request;
  const rows = new LayerRows('engine', plannedLayers(image), onEvent);
  const { repository, tag } = nameInEngine(reference);
  const { digest } = image.top;
  const pulled = puller.pull({ repository, reference: digest }, { signal, credential, platform: image.platform });
  for await (const step of pulled) rows.apply(step);
  const byDigest = `${repository}@${digest}`;
  // What is in the engine is named, whether the person cancels now or not.
  const ended = { signal: AbortSignal.timeout(nameTimeoutMs) };
  requirePulled(await puller.inspect(byDigest, ended), image, byDigest);
  if (reference.digest !== undefined) {
    return { reference: byDigest, downloadedBytes: rows.downloadedBytes };
  }
  await puller.tag(byDigest, { repository, tag }, ended);
  return { reference: referenceText(reference), downloadedBytes: rows.downloadedBytes };
}

const nameTimeoutMs = 20_000;

/** The engine pulls from our endpoint; every byte is hashed on its way. */
export async function transferByRelay({ request, parts, image }: TransferContext): Promise<Transferred> {
  const { puller, relay, repository, logger, sleep } = parts;
  if (relay === undefined) throw new RelayUnavailable(l10n.t('The endpoint of Tea Chest could not be opened.'));
  const rows = new LayerRows('relay', plannedLayers(image), request.onEvent);
  const name = nameInEngine(request.reference);
  const failed = new AbortController();
  const source = new PullSource(repository, image, {
    sleep,
    onFailure: (error) => {
      failed.abort(error);
    },
  });
  try {
    await pullThroughRelay(source, puller, relay, {
      ...{ logger, platform: image.platform, signal: AbortSignal.any([request.signal, failed.signal]) },
      onStep: (step) => {
        rows.apply(step);
      },
      onPulled: (temporaryName) => nameChecked(puller, image, temporaryName, name),
    });
  } catch (error) {
    // The engine says only that something broke; the person gets the reason.
    const { reason } = failed.signal as { readonly reason: unknown };
    throw reason instanceof TeaChestError && !request.signal.aborted ? reason : error;
  }
  return { reference: `${name.repository}:${name.tag}`, downloadedBytes: rows.downloadedBytes };
}

async function nameChecked(
  puller: PullParts['puller'],
  image: ResolvedImage,
  temporaryName: string,
  name: EngineImageName,
): Promise<void> {
  const ended = { signal: AbortSignal.timeout(nameTimeoutMs) };
  requirePulled(await puller.inspect(temporaryName, ended), image, temporaryName);
  await puller.tag(temporaryName, name, ended);
}

/** The engine is given an archive that is made while it is sent; every byte is hashed before the archive ends. */
export async function transferByArchive({ request, parts, description, image }: TransferContext): Promise<Transferred> {
  const { puller, repository, sleep } = parts;
  const { reference, signal, onEvent } = request;
  const [manifest] = image.manifests;
  if (manifest === undefined) throw new Error('a resolved image has a manifest');
  const rows = new LayerRows('archive', manifest.layers, onEvent);
  const name = nameInEngine(reference);
  const text = `${name.repository}:${name.tag}`;
  const source = new PullSource(repository, image, { sleep, onFailure: () => undefined });
  const archive = imageArchive(source, manifest, {
    ...{ signal, name: text, index: description.store === 'containerd' ? image.top : undefined },
    onLayer: (digest, bytes, isComplete) => {
      rows.received(digest, bytes, isComplete ? 'downloaded' : 'downloading');
    },
  });
  await puller.load(archive, { signal });
  return { reference: text, downloadedBytes: rows.downloadedBytes };
}

/** Undefined where the engine chooses among variants of its platform. */
function plannedLayers({
  manifests: [first, ...others],
}: ResolvedImage): ResolvedImage['manifests'][number]['layers'] | undefined {
  return others.length > 0 ? undefined : first?.layers;
}
