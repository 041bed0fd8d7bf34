import { toInstruction } from './toInstruction.ts';

/** Instructions that make no layer (Dockerfile reference); all others may make one, WORKDIR an empty one. */
const withoutLayer =
  /^(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/;

/** A step of a build, as an engine's history has it. */
interface BuildStep {
  readonly createdBy: string;
  /** Bytes of its files. */
  readonly size: number;
}

/**
 * The step that made each layer, base first. `steps`: the whole history, oldest first. An engine's API does not say which
 * of its steps made no layer (`empty_layer` of the image's config). Each layer has a step of its own, so the pairs are
 * certain if there are as many layers as steps with files, as steps that can have made one, or as steps at all (old
 * buildah makes a layer in each). Undefined otherwise: a history may be shorter than the layers, or have more steps that
 * change nothing.
 */
export function stepsOfLayers<T extends BuildStep>(steps: readonly T[], layerCount: number): readonly T[] | undefined {
  const withFiles = steps.filter(({ size }) => size > 0);
  const possible = steps.filter(({ size, createdBy }) => size > 0 || !withoutLayer.test(toInstruction(createdBy)));
  return [withFiles, possible, steps].find(({ length }) => length === layerCount);
}
