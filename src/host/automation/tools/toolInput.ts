import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../../core/base/errors.ts';
import { notEmpty, text } from '../../push/pushArguments.ts';

const imageInput = v.object({ image: text, target: v.optional(text), platform: v.optional(text) });

/** The image that a model wants to push. */
export type ImageInput = Readonly<v.InferOutput<typeof imageInput>>;

/** Models fill in what they do not need with an empty text. */
const listImagesInput = v.object({ filter: v.optional(v.union([v.literal(''), text], notEmpty)) });
const listPackagesInput = v.object({ registry: v.optional(text), owner: v.optional(text), image: v.optional(text) });

type Schema = v.ObjectSchema<v.ObjectEntries, undefined>;

/** @throws TeaChestError `argumentInvalid`, as the other functions here */
export function readImageInput(tool: string, input: unknown): ImageInput {
  return readInput(tool, imageInput, input);
}

export function readListImagesInput(input: unknown): v.InferOutput<typeof listImagesInput> {
  return readInput('teaChest_listImages', listImagesInput, input);
}

export type ListPackagesInput = Readonly<v.InferOutput<typeof listPackagesInput>>;

export function readListPackagesInput(input: unknown): ListPackagesInput {
  return readInput('teaChest_listPackages', listPackagesInput, input);
}

/** VS Code does not compare what a model gives with the schema of package.json. What the schema does not have is left out. */
function readInput<S extends Schema>(tool: string, schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, Array.isArray(input) ? undefined : input);
  if (result.success) return result.output;
  const [{ path, message }] = result.issues;
  throw new TeaChestError('argumentInvalid', describeIssue(tool, path?.[0], message), { stage: 'resolve' });
}

function describeIssue(tool: string, item: v.IssuePathItem | undefined, message: string): string {
  if (item === undefined) return l10n.t`The tool ${tool} takes one object of named arguments.`;
  const name = String(item.key);
  if (item.value === undefined) return l10n.t`The tool ${tool} needs “${name}”.`;
  return l10n.t({
    message: 'The tool {0} wants “{1}” to be {2}.',
    args: [tool, name, message],
    comment: '{2} is a noun phrase, such as “a text that is not empty” or “true or false”.',
  });
}
