import type { ManifestChoices } from '../../core/push/chooseManifests.ts';
import type { StepPosition } from '../input/runSteps.ts';
import { hasOwners, settleTarget } from '../targets/settleTarget.ts';
import type { Destination } from '../targets/target.ts';
import { chosenConnection, ownerOf, type OwnerAnswers, type OwnerDialog } from './askOwner.ts';
import type { PushSources } from './pushSources.ts';

/** What the push dialog begins with. */
export interface PushStart {
  /** As typed, or a row of the Images view. It is asked for if it is absent. */
  readonly image?: string | undefined;
  /** A destination to change: it is proposed in place of another. */
  readonly edit?: Destination | undefined;
  /** The registry and owner that are answered already: only name and tag are asked for. */
  readonly under?: OwnerAnswers | undefined;
  readonly title?: string | undefined;
  /** The end of the dialog shows what a push would send, and pushes nothing. */
  readonly isPreview?: boolean;
  /** What of an index is pushed, if that was said already. */
  readonly platform?: string | undefined;
  /** Why the name that the image suggests cannot be used. */
  readonly problem?: string | undefined;
}

/** The parts of a destination that a person can change one by one. */
export type TargetPart = 'registry' | 'owner' | 'name' | 'tag';

/** The answers so far. */
export interface Answers extends OwnerAnswers {
  readonly image?: string | undefined;
  readonly requestedImage?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  /** The part of the proposed destination that the person changes now. */
  readonly change?: TargetPart | undefined;
  /** What of an index is pushed; undefined where there is no choice. */
  readonly platform?: string | undefined;
  /** Why the answers together are no target. Shown where the person can correct them. */
  readonly problem?: string | undefined;
}

export interface PushDialog extends PushSources, OwnerDialog {
  readonly store: PushSources['store'];
  readonly memory: PushSources['memory'];
  readonly start: PushStart;
  /** Asks the engine once for each image. */
  readonly manifestChoices: (image: string) => Promise<ManifestChoices | undefined>;
}

/** A question of the push dialog. */
export type Ask = (dialog: PushDialog, answers: Answers, position: StepPosition) => Promise<Answers>;

/** The repository of a destination as two answers. */
export function splitRepository({ connection, target: { repository } }: Destination): Pick<Answers, 'owner' | 'name'> {
  const slash = hasOwners(connection.kind) ? repository.indexOf('/') : -1;
  return { owner: slash < 0 ? undefined : repository.slice(0, slash), name: repository.slice(slash + 1) };
}

/**
 * The answers as a destination. Undefined while one is missing.
 * @throws TeaChestError `nameInvalid`
 */
export async function settledDestination(dialog: PushDialog, answers: Answers): Promise<Destination | undefined> {
  const { name, tag } = answers;
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined || name === undefined || tag === undefined) return undefined;
  const owner = await ownerOf(dialog, answers, connection);
  const repository = owner === undefined ? name : `${owner}/${name}`;
  return { connection, target: settleTarget({ host: connection.host, repository, tag }, connection.kind) };
}
