import * as v from 'valibot';
import { readValue } from '../../base/json.ts';
import type { ImageStep } from '../../ports/imageSource.ts';
import { size } from './imageRecords.ts';

/** An item of `GET /images/{name}/history` (moby: api/types/image, HistoryResponseItem). */
const step = v.fallback(v.object({ CreatedBy: v.fallback(v.string(), ''), Size: size }), { CreatedBy: '', Size: 0 });

/** The steps of an image's build, oldest first; the engine gives the newest first. Empty for an answer that is no list. */
export function readHistory(answer: unknown): readonly ImageStep[] {
  const steps = readValue(v.array(step), answer) ?? [];
  return steps.map(({ CreatedBy, Size }) => ({ createdBy: CreatedBy, size: Size })).reverse();
}
