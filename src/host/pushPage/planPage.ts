import * as l10n from '@vscode/l10n';
import type { TeaChestError } from '../../core/base/errors.ts';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { FailedPlan, ImagePlan, PlannedLayer } from '../../core/push/plan/pushPlan.ts';
import type { BarLook, Page, PageBar, PageFact, PageImage, PageNotice } from '../../webview/pushPage/protocol.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { formatBytes } from '../progress/format.ts';
import { countImages, countLayers, imageToTarget } from '../progress/imagesText.ts';
import {
  describeSend,
  describeStrategy,
  describeTime,
  plannedName,
  plannedState,
  planWarnings,
} from '../progress/planText.ts';
import type { PushArguments } from '../push/pushArguments.ts';
import type { ArgumentsPlan } from '../push/pushPlanner.ts';
import { showErrorButton, showLogButton } from './errorButtons.ts';
import { pageLabels, subtitleTo, transferLabel } from './pageLabels.ts';

/** How far a plan is. */
export type PlanState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'planned'; readonly planned: ArgumentsPlan }
  | { readonly kind: 'failed'; readonly error: TeaChestError };

/** The page of a plan. `targets`: of the images, as the plan names them. */
export function planPage(asked: readonly PushArguments[], state: PlanState): Page {
  const [only, ...others] = asked;
  const isOne = only !== undefined && others.length === 0;
  const title = isOne ? only.image : countImages(asked.length);
  const images = state.kind === 'planned' ? state.planned.plan.images : [];
  const target = isOne ? (images[0]?.reference ?? only.target) : undefined;
  const status = statusOf(state);
  const isPublic = state.kind === 'planned' ? state.planned.isPublic : [];
  const drawn = images.map((image, at) =>
    toImage(image, isPublic[at] === true, { at, isOne, name: asked[at]?.image ?? '' }),
  );
  const canPush = images.some(({ kind }) => kind === 'planned');
  return {
    mode: 'plan',
    kicker: l10n.t('Preview of a push: nothing was sent'),
    title,
    ...(target !== undefined && { subtitle: subtitleTo(target) }),
    status,
    facts: isOne ? (drawn[0]?.facts ?? []) : state.kind === 'planned' ? sumFacts(state.planned) : [],
    actions: [
      ...(canPush
        ? [
            {
              id: 'push',
              label: l10n.t({ message: 'Push', comment: 'Verb, on a button: push the image' }),
              isPrimary: true,
            } as const,
          ]
        : []),
      ...(state.kind === 'asking'
        ? []
        : [{ id: 'planAgain', label: l10n.t('Plan Again'), isPrimary: !canPush } as const]),
      ...(state.kind === 'failed' ? [showErrorButton] : isOne ? (drawn[0]?.actions ?? []) : []),
      ...(state.kind === 'failed' || images.some(({ kind }) => kind === 'failed') ? [showLogButton] : []),
    ],
    notices: [
      ...(state.kind === 'failed' ? [{ tone: 'error', text: errorMessage(state.error).message } as const] : []),
      ...(isOne ? (drawn[0]?.notices ?? []) : []),
    ],
    images: isOne ? drawn.map((image) => ({ ...image, facts: [], notices: [], actions: [] })) : drawn,
    announcement: l10n.t`Preview of the push of ${title}: ${status.text}.`,
    labels: pageLabels.plan,
  };
}

function statusOf(state: PlanState): Page['status'] {
  if (state.kind === 'asking') return { tone: 'running', text: l10n.t('Asking the engine and the registry') };
  if (state.kind === 'failed') return { tone: 'error', text: l10n.t('No plan could be made') };
  const { images, send } = state.planned.plan;
  if (images.every(({ kind }) => kind === 'failed')) return { tone: 'error', text: l10n.t('The push would fail') };
  const isThere = images.every(
    (image) => image.kind === 'planned' && image.tag.state === 'same' && image.send.bytes === 0,
  );
  if (isThere) return { tone: 'good', text: l10n.t('There already: a push would change nothing') };
  return { tone: 'neutral', text: l10n.t`Would send: ${describeSend(send)}` };
}

function sumFacts({ plan: { send, time } }: ArgumentsPlan): PageFact[] {
  return time === undefined || send.bytes === 0 ? [] : [{ label: l10n.t('Time'), value: describeTime(time, send) }];
}

interface Position {
  readonly at: number;
  readonly isOne: boolean;
  readonly name: string;
}

function toImage(image: ImagePlan | FailedPlan, isPublic: boolean, { at, isOne, name }: Position): PageImage {
  const heading = isOne ? {} : { heading: imageToTarget(name, image.reference) };
  if (image.kind === 'failed') {
    const { message } = errorMessage(image.error);
    // The status of a page with one image says so already.
    const text = isOne ? message : l10n.t`The push would fail: ${message}`;
    const empty = { caption: '', bars: [], facts: [] };
    return { key: String(at), ...heading, ...empty, notices: [{ tone: 'error', text }], actions: [showErrorButton] };
  }
  const { layers, platform, imageBytes } = image;
  const count = countLayers(layers.length);
  const facts = [count, platform, l10n.t`${formatBytes(imageBytes)} in the engine`];
  return {
    key: String(at),
    ...heading,
    caption: facts.filter((fact) => fact !== undefined).join(' · '),
    bars: layers.map(toBar),
    ...(layers.length === 0 && { emptyText: l10n.t('The image has no layers.') }),
    notices: planWarnings(image, { isPublic }).map(({ message }): PageNotice => ({ tone: 'warning', text: message })),
    facts: factsOf(image, isOne),
    actions: [],
  };
}

function factsOf({ send, time, transfer, tag, layers, manifests }: ImagePlan, isOne: boolean): PageFact[] {
  const stored = (states: readonly string[]): number =>
    layers.reduce((sum, { state, storedBytes = 0 }) => (states.includes(state) ? sum + storedBytes : sum), 0);
  const [there, mounted] = [stored(['exists', 'probable']), stored(['mountable'])];
  const published = manifests.filter(({ isPublished, isAttestation }) => isPublished && !isAttestation);
  const platforms = published.map(({ platform, digest }) => platform ?? shortDigest(digest));
  const all: (readonly [string, string | undefined])[] = [
    [l10n.t('To send'), isOne ? undefined : describeSend(send)],
    [l10n.t('Time'), time === undefined || send.bytes === 0 ? undefined : describeTime(time, send)],
    [l10n.t('There already'), there === 0 ? undefined : formatBytes(there)],
    [l10n.t('Mounted'), mounted === 0 ? undefined : formatBytes(mounted)],
    [l10n.t('Platforms'), platforms.length === 0 ? undefined : platforms.join(', ')],
    [l10n.t('Tag'), tagText(tag.state)],
    [
      transferLabel,
      joinSentences(
        l10n.t({
          message: '{0}.',
          args: [describeStrategy(transfer.by)],
          comment: 'How the image is transferred, as a sentence of its own',
        }),
        transfer.reason,
      ),
    ],
  ];
  return all.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

function toBar(layer: PlannedLayer, at: number): PageBar {
  const { diffId, digest, bytes, isEstimated, storedBytes, instruction, platform, isAttestation } = layer;
  const label = isAttestation === true || instruction !== undefined || diffId !== undefined ? platform : undefined;
  return {
    key: `${at} ${digest ?? diffId ?? ''}`,
    number: String(at + 1),
    name: plannedName(layer),
    isInstruction: instruction !== undefined,
    ...(label !== undefined && { note: label }),
    look: lookOf(layer),
    sizeText: bytes === undefined ? '–' : sizeText(bytes, isEstimated),
    sendText: sendText(layer),
    stateText: plannedState(layer),
    weight: bytes ?? storedBytes ?? 0,
    filled: 0,
  };
}

function sizeText(bytes: number, isEstimated: boolean | undefined): string {
  return isEstimated === true ? l10n.t`about ${formatBytes(bytes)}` : formatBytes(bytes);
}

function tagText(state: ImagePlan['tag']['state']): string {
  if (state === 'free') return l10n.t({ message: 'new', comment: 'Of a tag that the registry does not have yet' });
  return state === 'same'
    ? l10n.t({ message: 'this image already', comment: 'Of a tag that stands for the image already' })
    : l10n.t({ message: 'overwritten', comment: 'Of a tag that stands for another image now' });
}

function lookOf({ state, isShared }: PlannedLayer): BarLook {
  if (isShared === true) return 'mounted';
  const all = {
    exists: 'there',
    mountable: 'mounted',
    probable: 'probable',
    send: 'toSend',
    unknown: 'unknown',
  } as const;
  return all[state];
}

function sendText({ state, storedBytes, bytes, isShared }: PlannedLayer): string {
  if (isShared === true || (state !== 'send' && state !== 'unknown')) return '–';
  if (state === 'send' && storedBytes !== undefined) return formatBytes(storedBytes);
  const most = storedBytes ?? bytes;
  return most === undefined ? '?' : `≤ ${formatBytes(most)}`;
}
