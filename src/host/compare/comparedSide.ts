import * as v from 'valibot';
import { parseJson } from '../../core/base/json.ts';
import { digestSchema } from '../../core/oci/digest.ts';
import { isReferenceText } from '../../core/oci/imageReference.ts';

const label = v.string();

/** An image of one platform, by what never changes: it can be read again for as long as it is there. */
const comparedSide = v.union([
  v.object({
    kind: v.literal('registry'),
    origin: v.string(),
    /** `host[:port]/owner/name`, for the text; `repository` without the host. */
    ...{ repository: v.string(), digest: digestSchema, label },
  }),
  v.object({
    kind: v.literal('engine'),
    id: digestSchema,
    /** Of an index; absent for the image that the engine describes by itself. */
    platform: v.optional(v.string()),
    label,
  }),
]);

export type ComparedSide = Readonly<v.InferOutput<typeof comparedSide>>;

export type SidePosition = 'left' | 'right';

/** What a document of a comparison is made from: the query of its URI. */
export interface ComparedPair {
  readonly left: ComparedSide;
  readonly right: ComparedSide;
}

const comparedPair = v.object({ left: comparedSide, right: comparedSide });

export function formatPair({ left, right }: ComparedPair): string {
  return JSON.stringify({ left, right });
}

/** Undefined for a text that is no pair. */
export function readPair(text: string): ComparedPair | undefined {
  return parseJson(comparedPair, text);
}

/** True if a repository of this name can be asked for at this host. */
export function isRepositoryAt(host: string, repository: string): boolean {
  return isReferenceText(`${host}/${repository}`);
}
