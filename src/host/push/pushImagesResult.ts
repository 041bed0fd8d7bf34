import { toTeaChestError, type ErrorCode, type Stage } from '../../core/base/errors.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { inertText } from '../display/inertText.ts';

/** Why an image was not pushed (docs/automation.md). */
export interface RejectedImage {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly message: string;
}

/** What became of one image, by the name it was given. */
export type ImageResult =
  ({ readonly image: string } & PushResult) | { readonly image: string; readonly error: RejectedImage };

/** The result of `teaChest.pushImages`. */
export interface PushImagesResult {
  /** In the order of `images`. */
  readonly results: readonly ImageResult[];
  readonly uploadedBytes: number;
  readonly mountedBytes: number;
  readonly skippedBytes: number;
  readonly durationMs: number;
}

export function summarize(results: readonly ImageResult[], durationMs: number): PushImagesResult {
  const pushed = results.flatMap((one) => ('error' in one ? [] : [one]));
  return {
    results,
    uploadedBytes: pushed.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0),
    mountedBytes: pushed.reduce((sum, { mountedBytes }) => sum + mountedBytes, 0),
    skippedBytes: pushed.reduce((sum, { skippedBytes }) => sum + skippedBytes, 0),
    durationMs: Math.round(durationMs),
  };
}

export function toRejectedImage(error: unknown): RejectedImage {
  const { code, stage = 'resolve', message } = toTeaChestError(error);
  return { code, stage, message: inertText(message) };
}
