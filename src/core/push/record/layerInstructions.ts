import type { Digest } from '../../oci/digest.ts';
import { toInstruction } from '../../oci/toInstruction.ts';
import type { ImageStep } from '../../ports/imageSource.ts';

/** Instructions that make no layer (Dockerfile reference); all others may make one, WORKDIR an empty one. */
const withoutLayer =
  /^(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/;

/** The step of the build that made a layer. */
export interface LayerStep {
  /** Empty if the history does not say it. */
  readonly instruction: string;
  /** Bytes of its files. */
  readonly bytes: number;
}

/**
 * Which step made each layer, by the engine's history, oldest step first. An engine's API does not say which of its
 * steps made no layer (`empty_layer` of the image's config). So steps are paired with layers only if exactly as many
 * remain without those that cannot have made one; otherwise no layer gets a step.
 */
export function layerSteps(diffIds: readonly Digest[], steps: readonly ImageStep[]): ReadonlyMap<Digest, LayerStep> {
  const named = steps.map(({ createdBy, size }) => ({ bytes: size, instruction: toInstruction(createdBy) }));
  const candidates = [
    named.filter(({ bytes }) => bytes > 0),
    named.filter(({ bytes, instruction }) => bytes > 0 || !withoutLayer.test(instruction)),
  ];
  const paired = candidates.find(({ length }) => length === diffIds.length);
  const pairs = new Map<Digest, LayerStep>();
  paired?.forEach((step, at) => {
    const diffId = diffIds[at];
    // An image may have a layer twice.
    if (diffId !== undefined && !pairs.has(diffId)) pairs.set(diffId, step);
  });
  return pairs;
}

/** The instructions of these steps, where the history says them. */
export function layerInstructions(
  diffIds: readonly Digest[],
  steps: readonly ImageStep[],
): ReadonlyMap<Digest, string> {
  const pairs = [...layerSteps(diffIds, steps)].map(([diffId, { instruction }]) => [diffId, instruction] as const);
  return new Map(pairs.filter(([, instruction]) => instruction !== ''));
}
