import { isAbsolute } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { quoted } from '../../core/base/quoted.ts';
import { loginSources } from '../../core/credentials/login.ts';
import { normalizeFingerprint } from '../../core/registry/http/tls/certificatePin.ts';
import { TeaChestError, type Stage } from '../../core/base/errors.ts';
import { pullArguments, type PullArguments } from '../pull/pullArguments.ts';
import {
  flag,
  pushArguments,
  pushImagesArguments,
  text,
  type PushArguments,
  type PushImagesArguments,
} from '../push/pushArguments.ts';

/** Absolute: there is no folder that a relative path could refer to. */
const pemFile = v.pipe(
  text,
  v.check(
    isAbsolute,
    l10n.t({
      message: 'an absolute path',
      comment: 'Noun phrase, inserted for {2} in “The command {0} wants “{1}” to be {2}.”',
    }),
  ),
);

const signInArguments = v.strictObject({
  url: text,
  username: v.optional(text),
  secret: v.optional(text),
  /** Where the login is, in place of a secret. */
  source: v.optional(v.picklist(loginSources, l10n.t`one of ${loginSources.join(', ')}`)),
  sessionOnly: v.optional(flag),
  trustFingerprint: v.optional(text),
  allowHttp: v.optional(flag),
  caFile: v.optional(pemFile),
  clientCertFile: v.optional(pemFile),
  clientKeyFile: v.optional(pemFile),
});

/** All of them optional: the cluster that is noticed, and the address that it says. */
const connectIdpbuilderArguments = v.strictObject({
  context: v.optional(text),
  url: v.optional(text),
  trustFingerprint: v.optional(text),
});

/** Neither: the automatic choice. */
const selectEngineArguments = v.strictObject({ context: v.optional(text), host: v.optional(text) });

/** `notPushed`: also the images that their registry does not have. */
const pushOutOfDateArguments = v.strictObject({ notPushed: v.optional(flag) });
const imageArgument = v.strictObject({ image: text });

const signOutArguments = v.strictObject({ url: text });

/** Arguments of `teaChest.signIn` (docs/automation.md). */
export type SignInArguments = Readonly<v.InferOutput<typeof signInArguments>>;

/** Arguments of `teaChest.selectEngine`. */
export type SelectEngineArguments = Readonly<v.InferOutput<typeof selectEngineArguments>>;

/** Arguments of `teaChest.pushOutOfDate`. */
export type PushOutOfDateArguments = Readonly<v.InferOutput<typeof pushOutOfDateArguments>>;

/** Arguments of `teaChest.signOut`. */
export type SignOutArguments = Readonly<v.InferOutput<typeof signOutArguments>>;

export function readSignInArguments(value: unknown): SignInArguments {
  return readArguments('teaChest.signIn', 'signIn', signInArguments, value);
}

export function readConnectIdpbuilderArguments(value: unknown): v.InferOutput<typeof connectIdpbuilderArguments> {
  return readArguments('teaChest.connectIdpbuilder', 'signIn', connectIdpbuilderArguments, value);
}

/** @throws TeaChestError `argumentInvalid` */
export function readFingerprint(value: string | undefined): string | undefined {
  const fingerprint = value === undefined ? undefined : normalizeFingerprint(value);
  if (value === undefined || fingerprint !== undefined) return fingerprint;
  const message = l10n.t('“trustFingerprint” is not a SHA-256 fingerprint: 64 hex digits.');
  throw new TeaChestError('argumentInvalid', message, { stage: 'signIn' });
}

export function readSignOutArguments(value: unknown): SignOutArguments {
  return readArguments('teaChest.signOut', 'signIn', signOutArguments, value);
}

export function readSelectEngineArguments(value: unknown): SelectEngineArguments {
  const choice = readArguments('teaChest.selectEngine', 'engine', selectEngineArguments, value);
  if (choice.context === undefined || choice.host === undefined) return choice;
  const message = l10n.t('The command teaChest.selectEngine takes “context” or “host”, not both.');
  throw new TeaChestError('argumentInvalid', message, { stage: 'engine' });
}

export function readPushOutOfDateArguments(value: unknown): PushOutOfDateArguments {
  return readArguments('teaChest.pushOutOfDate', 'resolve', pushOutOfDateArguments, value);
}

export function readPushArguments(value: unknown): PushArguments {
  return readArguments('teaChest.pushImage', 'resolve', pushArguments, value);
}

export function readPushImagesArguments(value: unknown): PushImagesArguments {
  const args = readArguments('teaChest.pushImages', 'resolve', pushImagesArguments, value);
  refuseUnfitting('teaChest.pushImages', 'resolve', args);
  return args;
}

type ImagesProblem = 'noImages' | 'imagesAndFile' | 'servicesWithoutFile';

/** What does not fit together; undefined if all does. */
export function problemOfImages({
  images,
  composeFile,
  services,
  profiles,
}: PushImagesArguments): ImagesProblem | undefined {
  if (images === undefined && composeFile === undefined) return 'noImages';
  if (images !== undefined && composeFile !== undefined) return 'imagesAndFile';
  const ofFile = services !== undefined || profiles !== undefined;
  return ofFile && composeFile === undefined ? 'servicesWithoutFile' : undefined;
}

function refuseUnfitting(command: string, stage: Stage, args: PushImagesArguments): void {
  const problem = problemOfImages(args);
  if (problem === undefined) return;
  const messages: Readonly<Record<ImagesProblem, string>> = {
    noImages: l10n.t`The command ${command} needs “images” or “composeFile”.`,
    imagesAndFile: l10n.t`The command ${command} takes “images” or “composeFile”, not both.`,
    servicesWithoutFile: l10n.t`The command ${command} takes “services” and “profiles” only with “composeFile”.`,
  };
  throw new TeaChestError('argumentInvalid', messages[problem], { stage });
}

/** Arguments of `teaChest.planPush`: those of `teaChest.pushImage`, or those of `teaChest.pushImages`. */
export function readPlanArguments(value: unknown): PushArguments | PushImagesArguments {
  const isSeveral = typeof value === 'object' && value !== null && ('images' in value || 'composeFile' in value);
  if (!isSeveral) return readArguments('teaChest.planPush', 'plan', pushArguments, value);
  const args = readArguments('teaChest.planPush', 'plan', pushImagesArguments, value);
  refuseUnfitting('teaChest.planPush', 'plan', args);
  return args;
}

/** An image alone, or undefined for a command that asks for it. */
export function readImageArgument(command: string, value: unknown): string | undefined {
  return value === undefined ? undefined : readArguments(command, 'resolve', imageArgument, value).image;
}

export function readPullArguments(value: unknown): PullArguments {
  return readArguments('teaChest.pullImage', 'pull', pullArguments, value);
}

/** The query of `teaChest.openSettings`. From the title of a view, VS Code passes the focused row, which is ignored. */
export function readSettingsQuery(value: unknown): string {
  return typeof value === 'string' ? value : 'teaChest';
}

type Schema = v.StrictObjectSchema<v.ObjectEntries, undefined>;
type Issue = v.InferIssue<Schema>;

/** Reads one object of arguments. A refusal never quotes a value: it may be a secret. */
function readArguments<S extends Schema>(command: string, stage: Stage, schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, Array.isArray(value) ? undefined : value);
  if (result.success) return result.output;
  const message = describeIssue(command, result.issues[0], Object.keys(schema.entries));
  throw new TeaChestError('argumentInvalid', message, { stage });
}

function describeIssue(command: string, issue: Issue, names: readonly string[]): string {
  const [item] = issue.path ?? [];
  if (item === undefined) return l10n.t`The command ${command} takes one object of named arguments.`;
  const name = String(item.key);
  if (names.includes(name)) {
    return item.value === undefined
      ? l10n.t`The command ${command} needs “${name}”.`
      : l10n.t({
          message: 'The command {0} wants “{1}” to be {2}.',
          args: [command, name, issue.message],
          comment: '{2} is a noun phrase, such as “a text that is not empty” or “true or false”.',
        });
  }
  const unknown = Object.keys(item.input as object).filter((key) => !names.includes(key));
  const keys = unknown.map(quoted).join(', ');
  return l10n.t`The command ${command} does not know ${keys}; it takes ${names.join(', ')}.`;
}
